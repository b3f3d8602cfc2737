import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra import crypto, sealing
from infra.errors import Refused, Unavailable
from infra.keys import KeyRing

KEY = bytes(range(32))
SMALL = 64  # chunk size for tests; the format carries it


@pytest.fixture
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "CHUNK", SMALL)


def sealed(tmp_path: Path, data: bytes, aad: bytes = b"d-1") -> bytes:
    (tmp_path / "s").unlink(missing_ok=True)
    told = crypto.seal_file(io.BytesIO(data), tmp_path / "s", KEY, aad)
    assert told == crypto.Sealed(crypto.sha256_hex(data), len(data))
    return (tmp_path / "s").read_bytes()


def unsealed(tmp_path: Path, raw: bytes, key: bytes = KEY, aad: bytes = b"d-1") -> bytes:
    out = tmp_path / "o"
    out.unlink(missing_ok=True)
    told = crypto.unseal_file(io.BytesIO(raw), out, key, aad)
    assert told == crypto.Sealed(crypto.sha256_hex(out.read_bytes()), out.stat().st_size)
    return out.read_bytes()


@pytest.mark.usefixtures("_small_chunks")
@pytest.mark.parametrize("size", [0, 1, SMALL - 1, SMALL, SMALL + 1, 2 * SMALL, 5 * SMALL + 7])
def test_what_is_sealed_is_opened(tmp_path: Path, size: int) -> None:
    data = bytes(n % 251 for n in range(size))
    raw = sealed(tmp_path, data)
    assert data[:16] not in raw or size < 16
    assert unsealed(tmp_path, raw) == data


def test_a_file_of_several_real_chunks(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * (9 << 12))  # 9 MiB
    crypto.seal_file(source, tmp_path / "s", KEY, b"d-1")
    crypto.unseal_file(tmp_path / "s", tmp_path / "o", KEY, b"d-1")
    assert (tmp_path / "o").read_bytes() == source.read_bytes()
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "o").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("_small_chunks")
def test_every_changed_byte_is_found(tmp_path: Path) -> None:
    raw = sealed(tmp_path, b"x" * 200)
    for at in range(len(raw)):
        broken = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises(Refused) as caught:
            unsealed(tmp_path, broken)
        assert caught.value.code == "SEAL_BROKEN"
        assert not (tmp_path / "o").exists(), "nothing stays of a file that does not open"


@pytest.mark.usefixtures("_small_chunks")
def test_every_cut_is_found(tmp_path: Path) -> None:
    raw = sealed(tmp_path, b"x" * 3 * SMALL)
    for length in range(len(raw)):
        with pytest.raises(Refused):
            unsealed(tmp_path, raw[:length])
    with pytest.raises(Refused):
        unsealed(tmp_path, raw + b"\0")


@pytest.mark.usefixtures("_small_chunks")
def test_chunks_moved_doubled_or_dropped_are_found(tmp_path: Path) -> None:
    raw = sealed(tmp_path, b"".join(bytes([n]) * SMALL for n in range(4)))
    size = SMALL + sealing.TAG
    head, chunks = raw[:20], [raw[20 + n * size : 20 + (n + 1) * size] for n in range(4)]
    for order in ([1, 0, 2, 3], [0, 1, 1, 2, 3], [0, 2, 3], [1, 2, 3], [0, 1, 2], [3], [0, 3]):
        with pytest.raises(Refused):
            unsealed(tmp_path, head + b"".join(chunks[n] for n in order))


def test_a_sealed_file_is_bound_to_key_and_delivery(tmp_path: Path) -> None:
    raw = sealed(tmp_path, b"content")
    with pytest.raises(Refused):
        unsealed(tmp_path, raw, aad=b"d-2")
    with pytest.raises(Refused):
        unsealed(tmp_path, raw, key=bytes(32))
    for nonsense in (b"", b"HUBSEAL1", b"PK\x03\x04" + bytes(100), raw[:13] + b"\xff" * 7 + raw[20:]):
        with pytest.raises(Refused):
            unsealed(tmp_path, nonsense)


@pytest.mark.usefixtures("_small_chunks")
@given(data=st.binary(max_size=400), at=st.integers(0, 10_000), flip=st.integers(1, 255))
@settings(max_examples=100, deadline=None)
def test_seal_and_flip(tmp_path_factory: pytest.TempPathFactory, data: bytes, at: int, flip: int) -> None:
    tmp_path = tmp_path_factory.mktemp("seal")
    raw = sealed(tmp_path, data)
    assert unsealed(tmp_path, raw) == data
    at %= len(raw)
    with pytest.raises(Refused):
        unsealed(tmp_path, raw[:at] + bytes([raw[at] ^ flip]) + raw[at + 1 :])


def test_a_wrapped_key_opens_only_with_its_master_and_binding() -> None:
    data_key = crypto.random_bytes()
    wrapped = crypto.wrap(KEY, data_key, b"d-1")
    assert data_key not in wrapped
    assert crypto.unwrap(KEY, wrapped, b"d-1") == data_key
    for master, text, aad in [
        (bytes(32), wrapped, b"d-1"),
        (KEY, wrapped, b"d-2"),
        (KEY, wrapped[:-1], b"d-1"),
        (KEY, b"", b"d-1"),
        (KEY, bytes([wrapped[0] ^ 1]) + wrapped[1:], b"d-1"),
    ]:
        with pytest.raises(Refused) as caught:
            crypto.unwrap(master, text, aad)
        assert caught.value.code == "SEAL_BROKEN"
    assert crypto.wrap(KEY, data_key, b"d-1") != wrapped


def test_published_vectors() -> None:
    """NIST for SHA-256, RFC 4231 (case 2) for HMAC, RFC 8032 (test 2) for Ed25519, RFC 5869 lengths for HKDF."""
    assert crypto.sha256_hex(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    told = crypto.mac(b"Jefe", b"what do ya want for nothing?").hex()
    assert told == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    secret = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert crypto.public_key(secret) == public
    assert crypto.sign(secret, b"\x72") == signature
    assert crypto.verify(public, signature, b"\x72")
    assert not crypto.verify(public, signature, b"\x73")
    assert not crypto.verify(public, signature[:-1], b"\x72")
    assert not crypto.verify(b"short", signature, b"\x72")


def test_a_key_of_an_unknown_suite_does_nothing(tmp_path: Path) -> None:
    key = KeyRing(tmp_path, suite="sm").current("sign")
    for act in (lambda: crypto.sign(key, b""), lambda: crypto.mac(key, b""), lambda: crypto.public_key(key)):
        with pytest.raises(Unavailable) as caught:
            act()
        assert caught.value.code == "KEY_SUITE"
    assert not crypto.verify(bytes(32), bytes(64), b"", suite="sm")


def test_a_key_from_the_ring_works_as_its_bytes(tmp_path: Path) -> None:
    key = KeyRing(tmp_path).current("sign")
    assert crypto.mac(key, b"x") == crypto.mac(key.secret, b"x")
    assert crypto.verify(crypto.public_key(key), crypto.sign(key, b"x"), b"x")


def test_derived_keys_differ_by_label_and_repeat() -> None:
    assert crypto.derive(KEY, "a") == crypto.derive(KEY, "a")
    assert len({crypto.derive(KEY, label) for label in ("a", "b", "")}) == 3
    assert len(crypto.derive(KEY, "a", 64)) == 64


def test_random_values_do_not_repeat_and_travel_in_addresses() -> None:
    tokens = {crypto.random_token(16) for _ in range(100)}
    assert len(tokens) == 100
    assert all(token.replace("-", "").replace("_", "").isalnum() and token.isascii() for token in tokens)


def test_equal_takes_text_and_bytes() -> None:
    assert crypto.equal("密", "密".encode())
    assert not crypto.equal("a", "b")
    assert not crypto.equal("a", "aa")


def test_a_files_digest(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc" * 1_000_000)
    assert crypto.sha256_file(tmp_path / "f") == crypto.Sealed(crypto.sha256_hex(b"abc" * 1_000_000), 3_000_000)
