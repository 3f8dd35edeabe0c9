import shutil
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from comity.errors import Malformed, Unverified
from comity.signing import keys
from comity.signing.base64url import from_base64url
from comity.signing.keys import _SMALL_ORDER, PrivateKey, PublicKey, load_private, save_private
from tests.signing.samples import ANN, BOB, vectors

P = 2**255 - 19
needs_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


@pytest.mark.parametrize("vector", vectors("rfc8032.json"), ids=lambda vector: vector["name"])
def test_rfc_8032(vector: Any) -> None:
    key, message = PrivateKey.from_seed(bytes.fromhex(vector["secret"])), bytes.fromhex(vector["message"])
    assert key.public.raw.hex() == vector["public"]
    assert key.sign(message).hex() == vector["signature"]
    key.public.verify(bytes.fromhex(vector["signature"]), message)
    with pytest.raises(Unverified):
        key.public.verify(bytes.fromhex(vector["signature"]), message + b"\0")


def test_rfc_8037_thumbprint_and_signature() -> None:
    (vector,) = vectors("rfc8037.json")
    key = PrivateKey.from_seed(from_base64url(vector["seed"], "seed"))
    assert key.public.to_text() == "ed25519:" + vector["public"]
    assert key.public.kid == vector["thumbprint"]
    assert key.sign(vector["signing_input"].encode()) == from_base64url(vector["signature"], "signature")


def test_a_signature_has_one_form() -> None:
    order = 2**252 + 27742317777372353535851937790883648493
    signature = ANN.sign(b"x")
    scalar = int.from_bytes(signature[32:], "little") + order
    with pytest.raises(Unverified):
        ANN.public.verify(signature[:32] + scalar.to_bytes(32, "little"), b"x")
    for broken in (b"", signature[:-1], signature + b"\0", bytes(64)):
        with pytest.raises(Unverified):
            ANN.public.verify(broken, b"x")


def test_text_form_goes_both_ways() -> None:
    assert PublicKey.from_text(ANN.public.to_text()) == ANN.public
    assert ANN.public != BOB.public


@pytest.mark.parametrize(
    "change", [str.upper, lambda t: t[8:], lambda t: t + "=", lambda t: t + "\n", lambda t: t[:-1]]
)
def test_other_text_forms_are_refused(change: Any) -> None:
    with pytest.raises(Malformed):
        PublicKey.from_text(change(ANN.public.to_text()))


def _order_divides_8(y: int) -> bool:
    """Double the point with this y three times, by y alone, and look for the neutral element (y = 1)."""
    d = -121665 * pow(121666, -1, P) % P
    for _ in range(3):
        # On -x^2+y^2 = 1+d x^2 y^2: x^2 = (y^2-1)/(d y^2+1), and y(2P) = (y^2+x^2)/(1-d x^2 y^2).
        y2 = y * y % P
        x2 = (y2 - 1) * pow(d * y2 + 1, -1, P) % P
        y = (y2 + x2) * pow(1 - d * x2 * y2, -1, P) % P
    return y == 1


def test_the_refused_points_are_those_of_small_order() -> None:
    assert len(_SMALL_ORDER) == 5  # 8 points, of which three pairs share y
    assert all(_order_divides_8(y) for y in _SMALL_ORDER)
    assert not _order_divides_8(int.from_bytes(ANN.public.raw, "little") % 2**255)


@pytest.mark.parametrize("y", [*sorted(_SMALL_ORDER), P, P + 1, 2**255 - 1])
@pytest.mark.parametrize("sign", [0, 1])
def test_keys_anyone_could_sign_for_are_refused(y: int, sign: int) -> None:
    with pytest.raises(Malformed):
        PublicKey((y | sign << 255).to_bytes(32, "little"))


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_keys_of_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(Malformed):
        PublicKey(b"\2" * size)
    with pytest.raises(Malformed):
        PrivateKey.from_seed(b"\2" * size)


def test_printing_a_key_never_shows_it() -> None:
    assert bytes(range(32)).hex() not in repr(ANN)
    assert "_key" not in repr(ANN)


@pytest.mark.parametrize("passphrase", [None, b"", b"correct horse", "pässphrase".encode()])
def test_saved_keys_load_again(passphrase: bytes | None) -> None:
    saved = save_private(ANN, passphrase)
    loaded = load_private(saved, passphrase)
    assert loaded.public == ANN.public
    assert loaded.sign(b"x") == ANN.sign(b"x")


def test_a_guess_at_a_passphrase_costs_what_it_must(
    rounds_outside_tests: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "KDF_ROUNDS", rounds_outside_tests)
    body = b64decode(b"".join(save_private(ANN, b"right").splitlines()[1:-1]))
    head = b"openssh-key-v1\0" + b"".join(len(w).to_bytes(4) + w for w in (b"aes256-ctr", b"bcrypt"))
    assert body.startswith(head)
    assert int.from_bytes(body[len(head) + 24 :][:4]) >= 16  # after two lengths and a salt of 16 bytes


def test_errors_of_passphrases_say_what_to_do() -> None:
    locked, plain = save_private(ANN, b"right"), save_private(ANN, None)
    with pytest.raises(Unverified, match="passphrase is wrong"):
        load_private(locked, b"wrong")
    with pytest.raises(Unverified, match="needs a passphrase"):
        load_private(locked, None)
    with pytest.raises(Unverified, match="has no passphrase"):
        load_private(plain, b"needless")


@pytest.mark.parametrize("data", [b"", b"text", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", b"x" * 20_000])
def test_files_that_hold_no_key_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        load_private(data, None)


def test_keys_of_another_kind_are_refused() -> None:
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    with pytest.raises(Malformed, match="not Ed25519"):
        load_private(other, None)


def test_passphrases_too_long_are_refused() -> None:
    with pytest.raises(Malformed):
        save_private(ANN, b"x" * 1024)


@needs_keygen
@pytest.mark.parametrize("passphrase", ["", "correct horse"])
def test_ssh_keygen_reads_ours_and_we_read_its(tmp_path: Path, passphrase: str) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.write_bytes(save_private(ANN, passphrase.encode()))
    ours.chmod(0o600)
    line = subprocess.run(
        ["ssh-keygen", "-y", "-P", passphrase, "-f", str(ours)], check=True, capture_output=True, text=True
    ).stdout
    assert from_base64url(line.split()[1].replace("+", "-").replace("/", "_"), "key")[-32:] == ANN.public.raw
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(theirs)], check=True)
    key = load_private(theirs.read_bytes(), passphrase.encode())
    key.public.verify(key.sign(b"x"), b"x")
