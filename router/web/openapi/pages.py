"""The pages of the dashboard, as routes: what people look at, for whoever lists what there is."""

from router.model.errors import Forbidden, Malformed, NotFound, RequestTimeout, TooLarge
from router.web.openapi.operation import Answer, Operation

HTML = "text/html"
_ASKED = ("period", "first", "last", "time_zone", "dimension", "of_provider", "of_tenant",
          "of_resolution", "of_model", "of_tag")  # fmt: skip
_FORM = (HTML,)


def _page(words: str) -> dict[int, Answer]:
    return {200: Answer(schema="", words=words, media=_FORM)}


PAGE_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/dashboard"): Operation(
        name="showSpend",
        group="pages",
        answers=_page("A page."),
        errors=(Malformed,),
        parameters=_ASKED,
    ),
    ("GET", "/dashboard/spend.csv"): Operation(
        name="downloadSpendTable",
        group="pages",
        answers={200: Answer(schema="", words="RFC 4180.", media=("text/csv",))},
        errors=(Malformed,),
        parameters=_ASKED,
    ),
    ("GET", "/dashboard/spend.json"): Operation(
        name="downloadSpend",
        group="pages",
        answers={200: Answer(schema="Spend", words="As `/v1/spend` has it, by day.")},
        errors=(Malformed,),
        parameters=_ASKED,
    ),
    ("GET", "/dashboard/notices/{kind}"): Operation(
        name="showNotice",
        group="pages",
        answers=_page("A page: what a notice of the spend page counts, row by row."),
        errors=(Malformed, NotFound),
        parameters=("notice", *_ASKED, "page"),
    ),
    ("GET", "/dashboard/jobs"): Operation(
        name="showJobs",
        group="pages",
        answers=_page("A page."),
        errors=(Malformed,),
        parameters=(*_ASKED, "money", "after"),
    ),
    ("GET", "/dashboard/jobs/{id}"): Operation(
        name="showJob",
        group="pages",
        answers=_page("A page, with neither prompt nor picture."),
        errors=(Malformed, NotFound),
        parameters=("edit", *_ASKED),
    ),
    ("GET", "/dashboard/operations"): Operation(
        name="showOperations",
        group="pages",
        answers=_page("A page that is shown anew by itself."),
        errors=(Malformed,),
        parameters=("refresh",),
    ),
    ("GET", "/dashboard/sign-in"): Operation(
        name="showSignIn", group="pages", answers=_page("The form."), errors=(Malformed,)
    ),
    ("POST", "/dashboard/sign-in"): Operation(
        name="signIn",
        group="pages",
        answers={
            303: Answer(schema="", words="Signed in.", headers=("Location",)),
            403: Answer(schema="", words="The form, and what is wrong with the key.", media=_FORM),
        },
        errors=(Malformed, TooLarge, RequestTimeout, Forbidden),
    ),
    ("POST", "/dashboard/sign-out"): Operation(
        name="signOut",
        group="pages",
        answers={303: Answer(schema="", words="Signed out.", headers=("Location",))},
        errors=(Forbidden,),
    ),
    ("GET", "/dashboard/assets/{name}"): Operation(
        name="readAsset",
        group="pages",
        answers={
            200: Answer(schema="", words="A style or picture.", media=("text/css", "image/svg+xml"))
        },
        errors=(Malformed, NotFound),
        parameters=("asset", "version"),
    ),
}
