"""The post room: whoever watches budgets, and tells people of them and of edits' ends."""

from dataclasses import dataclass
from functools import partial

from router.dispatch.alert_desk import AlertDesk
from router.dispatch.alert_mail import AlertMail
from router.dispatch.alerting import Alerts
from router.dispatch.client_mail import ClientMail
from router.dispatch.outbox import Postman
from router.dispatch.ports import Poster
from router.finance.alert_letters import AlertWriter
from router.finance.foresight import foreseen
from router.ground import Ground
from router.ledger.alert_rows import AlertLetterRow
from router.ledger.ledger import Ledger
from router.ledger.outbox_rows import OutboxRow
from router.model.ids import Ids
from router.settings import Settings
from router.web.callback_bodies import render_callback
from router.web.picturing import Pictures


@dataclass(frozen=True, slots=True)
class Postroom:
    """Who tells people of budgets."""

    alerts: Alerts
    desk: AlertDesk
    postman: Postman[AlertLetterRow]


def open_postroom(settings: Settings, ground: Ground, ledger: Ledger, poster: Poster) -> Postroom:
    """Put together who watches budgets, and have the ledger tell them of charges and alerts."""
    clock, tasks, teller, current = ground.clock, ground.tasks, ground.teller, ground.current
    alerts = Alerts(clock, ledger, ground.observer, tasks, lambda: current.policy, foreseen)
    writer = AlertWriter(clock, ledger, lambda: current.policy)
    mail = AlertMail(ledger, writer.write, teller, secret=settings.alert_secret)
    postman = Postman(clock, mail, poster, tasks, teller)
    ledger.listen(alerts.booked)
    ledger.listen_for_alerts(postman.due)
    desk = AlertDesk(clock, Ids(clock), mail, poster, writer.sample)
    return Postroom(alerts, desk, postman)


def hire_postman(
    ground: Ground, ledger: Ledger, poster: Poster, pictures: Pictures
) -> Postman[OutboxRow]:
    """Hire who tells clients of their edits' ends, and have the ledger tell them of each."""
    mail = ClientMail(ledger, partial(render_callback, pictures), ground.teller)
    postman = Postman(ground.clock, mail, poster, ground.tasks, ground.teller)
    ledger.listen_for_callbacks(postman.due)
    return postman
