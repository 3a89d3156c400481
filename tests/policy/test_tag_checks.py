"""The tags of settings and request together."""

from contracts.error_codes import RefusalCode
from policy.vm_checks import check_request
from tests.support.requests import job


def test_the_opt_in_tag_is_refused_in_any_case() -> None:
    (refusal,) = check_request(job(tags={"Golden-Image-In-Place": "allowed"}))[:1]
    assert refusal.code is RefusalCode.TAGS_NOT_ALLOWED
    (refusal,) = check_request(job(tags={"Allow": "x"}, settings={**job().settings.model_dump(), "optInTag": "allow"}))
    assert refusal.message == "'allow' is the opt-in tag"


def test_too_many_together_are_refused() -> None:
    (refusal,) = check_request(job(tags={f"t{n}": "" for n in range(16)}))
    assert refusal.code is RefusalCode.TAGS_NOT_ALLOWED
    assert "16 tags" in refusal.message


def test_tags_that_fit_are_no_refusal() -> None:
    assert check_request(job(tags={"owner": "web"})) == ()
