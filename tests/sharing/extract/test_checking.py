"""A certificate file holds when a key known by another way signed it, and for the act and extract that it names."""

import json

import pytest
import sharing_case
from click.testing import CliRunner

from infra import crypto
from infra.database import write
from infra.errors import Refused
from infra.ledger import Act, NewEntry, Receipt
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.entry import canonical, commitment, leaf_hash
from infra.ledger.note import Verifier, sign_note
from infra.ledger.tables import KEY
from sharing.cli import share
from sharing.extract import certificate, checking, extract


@pytest.fixture
def issued(ground, tmp_path):
    sharing_case.publish(ground, tmp_path)
    case = sharing_case.signed(ground)
    return extract.document(ground, extract.issue(ground, case.id, "operator"))


def verify(home, file, *options):
    """Exit status and document of `hub share verify`, in the home given."""
    environ = {"HUB_HOME": str(home), "HUB_LANG": "en"}
    done = CliRunner().invoke(share, ["verify", str(file), *options, "--json"], env=environ)
    assert done.exception is None or isinstance(done.exception, SystemExit | Refused), done.exception
    return getattr(done.exception, "code", 0), json.loads(done.stdout) if done.stdout else None


def stored(tmp_path, document):
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def forged(name):
    """A document that is whole, signed by a key of the forger's under the name of the city's log."""
    text = {"format": certificate.FORMAT, "extract": "x-forged", "receiver": {"name": "anyone"}, "result": {"k": 1000}}
    digest, salt = certificate.digest(text), b"\0" * 32
    content = canonical({"certificate": digest})
    body = canonical({"act": Act.EXTRACT_ISSUED.value, "commitment": commitment(salt, content), "subject": "x-forged"})
    secret = crypto.random_bytes(32)
    key = Verifier(name, crypto.public_key(secret))
    signed = sign_note(Checkpoint(name, 1, leaf_hash(body)).text(), [(key, lambda data: crypto.sign(secret, data))])
    return {
        "certificate": text,
        "digest": digest,
        "receipt": Receipt(1, body, 0, (), str(signed), str(key), salt, content).as_dict(),
    }, key


def test_a_document_forged_from_nothing_does_not_hold(ground, issued, tmp_path):
    document, key = forged(ground.ledger.origin)
    path = stored(tmp_path, document)
    for home in (ground.home, tmp_path / "nobody"):
        status, said = verify(home, path)
        assert status == 1
        assert said["valid"] is None is said["trusted"]
        assert said["fingerprint"] == key.fingerprint
    assert verify(ground.home, path, "--key", issued["receipt"]["key"])[0] == "LEDGER_RECEIPT"
    assert not (tmp_path / "nobody").exists(), "verifying makes no home"


def test_a_certificate_holds_by_a_key_given_or_by_those_kept_here(ground, issued, tmp_path):
    path = stored(tmp_path, issued)
    key = issued["receipt"]["key"]
    whole = {"valid": True, "trusted": True, "extract": issued["certificate"]["extract"], "key": key}
    for home, options in ((ground.home, ()), (ground.home, ("--key", key)), (tmp_path / "firm", ("--key", key))):
        status, said = verify(home, path, *options)
        assert status == 0
        assert said.items() >= whole.items()
    assert verify(tmp_path / "firm", path) == (1, {**said, "valid": None, "trusted": None})


def test_a_key_that_only_the_database_knows_vouches_for_nobody(ground, issued, tmp_path):
    """Who can write the database, but reads no key, adds a key of his own to its list."""
    document, key = forged(ground.ledger.origin)
    with write(ground.engine) as connection:
        connection.execute(KEY.insert().values(verifier=str(key), id="ledger-sign.9.x", position=9))
    assert str(key) in map(str, ground.ledger.verifiers())
    assert verify(ground.home, stored(tmp_path, document))[0] == 1


@pytest.mark.parametrize(
    ("act", "subject"), [(Act.SHARE_LISTED, "g-1"), (Act.SHARE_LISTED, None), (Act.EXTRACT_ISSUED, "x-another")]
)
def test_an_entry_of_another_act_or_extract_proves_nothing(ground, issued, act, subject):
    text = {**issued["certificate"], "receiver": {"name": "another firm", "uscc": "0", "kind": "firm"}}
    digest = certificate.digest(text)
    entry = NewEntry(act, "firm", subject or text["extract"], {"certificate": digest})
    number = ground.ledger.append([entry])[0].number
    document = {"certificate": text, "digest": digest, "receipt": ground.ledger.prove(number).as_dict()}
    with pytest.raises(Refused, match="SHARE_CERTIFICATE"):
        extract.check(document, str(ground.ledger.verifiers()[0]))


@pytest.mark.parametrize("document", [[], 7, {"certificate": {}}, {"receipt": []}, {"extract": [1]}])
def test_what_is_no_certificate_is_told_so(tmp_path, document):
    with pytest.raises(Refused, match="SHARE_CERTIFICATE|LEDGER_RECEIPT"):
        checking.check_file(stored(tmp_path, document))


def test_the_verdict_on_an_unknown_signer_says_what_to_do(tmp_path):
    document, key = forged("cityhub/zhengzhou")
    environ = {"HUB_HOME": str(tmp_path / "none"), "HUB_LANG": "en"}
    done = CliRunner().invoke(share, ["verify", str(stored(tmp_path, document))], env=environ)
    assert "signer is unknown" in done.stdout
    assert key.fingerprint in done.stdout
    assert f"--key '{key}'" in done.stdout
    assert "holds" not in done.stdout
