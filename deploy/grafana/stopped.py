"""The panel of stopped offers, which both dashboards have: it is money, and it is routing."""

from deploy.grafana.panels import COUNT, Kind, Panel, Query

STOPPED = Panel(
    title="Stopped offers",
    description="Offers not bought any more, because two charges in a row were above their price. "
    "Edits go to dearer ones, or nowhere. `farebox prices drift` names them; a newer row of the "
    "price book, as `farebox prices propose` writes it, lets them be bought again.",
    queries=(Query("max by (provider) (farebox_offers_stopped)", "{{provider}}"),),
    unit=COUNT,
    kind=Kind.STAT,
    width=6,
)
