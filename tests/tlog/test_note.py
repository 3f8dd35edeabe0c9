"""Signed notes, checkpoints and cosignatures are C2SP's, byte for byte; what is altered or misspelt is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Malformed, Unverified
from comity.tlog.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint, read_checkpoint, sign_checkpoint
from comity.tlog.cosignature import CosignatureVerifier, Cosigner, cosign, mldsa_message, timestamp_of, verifier_for
from comity.tlog.encoding import decode_base64
from comity.tlog.note import (
    MAX_LINES,
    SignatureLine,
    Signer,
    Verifier,
    Vkey,
    add_lines,
    open_note,
    sign_line,
    sign_note,
    split_note,
)
from tests.tlog.biglog import LOG, LOG_PQ, NOW, WITNESSES, tree_at

# C2SP signed-note, "Example": verifier key and note.
SPEC_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
# Go's golang.org/x/mod/sumdb/note, package documentation: private key, text, and the note with two signatures.
GO_SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
GO_TEXT = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_LINE = (
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
GO_LINE_2 = (
    "\u2014 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
# C2SP tlog-cosignature, example checkpoint with the log's and a witness's line (no keys are published with it).
SPEC_CHECKPOINT = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "\u2014 example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\u2014 witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
).encode()
CHECKPOINT = Checkpoint(LOG.name, 257, tree_at(257).root())
TEXT = CHECKPOINT.encode()


def test_the_specification_s_note_opens() -> None:
    note = open_note(SPEC_NOTE, [Verifier.parse(SPEC_VKEY)])
    assert note.text == b"This is an example message.\n"
    assert Vkey.parse(SPEC_VKEY).encode() == SPEC_VKEY


def test_go_s_note_is_made_byte_for_byte() -> None:
    signer = Signer.from_seed("PeterNeumann", decode_base64(GO_SEED, "seed")[1:])
    assert signer.vkey.encode() == GO_VKEY
    note = sign_note(GO_TEXT, [signer])
    assert note == GO_TEXT + b"\n" + GO_LINE.encode()
    twice = note + GO_LINE_2.encode()
    assert len(open_note(twice, [Verifier.parse(GO_VKEY), Verifier.parse(GO_ENOCH)]).verified) == 2
    assert len(open_note(twice, [Verifier.parse(GO_ENOCH)]).unknown) == 1


def test_the_specification_s_checkpoint_is_read() -> None:
    checkpoint = read_checkpoint(SPEC_CHECKPOINT)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    text, lines = split_note(SPEC_CHECKPOINT)
    assert checkpoint.encode() == text
    assert timestamp_of(lines[1].signature) == 1679315147
    assert text + b"\n" + b"".join(line.encode() for line in lines) == SPEC_CHECKPOINT


def test_mldsa_message_layout() -> None:
    # Written out from the struct cosigned_message of C2SP tlog-cosignature.
    expected = bytes.fromhex(
        "737562747265652f76310a00"  # label "subtree/v1\n\0"
        "03772e78"  # cosigner_name "w.x"
        "000000006b49d200"  # timestamp 1800000000
        "056c6f672e78"  # log_origin "log.x"
        "00000000000000000000000000000102"  # start, end
    ) + b"\x07" * 32  # fmt: skip
    assert mldsa_message("w.x", Checkpoint("log.x", 258, b"\x07" * 32), NOW) == expected


@pytest.mark.parametrize("cosigner", [LOG_PQ, *WITNESSES])
def test_cosignatures_bind_time_text_and_name(cosigner: Cosigner) -> None:
    verifier = CosignatureVerifier(cosigner.vkey)
    signature = cosign(TEXT, cosigner, NOW).signature
    assert verifier.check(TEXT, signature)
    assert timestamp_of(signature) == NOW
    later = (NOW + 1).to_bytes(8, "big") + signature[8:]
    assert not verifier.check(TEXT, later)
    assert not verifier.check(Checkpoint(LOG.name, 258, CHECKPOINT.root).encode(), signature)
    assert not verifier.check(TEXT, signature[:-1])
    assert not verifier.check(TEXT, (2**63).to_bytes(8, "big") + signature[8:])
    assert not verifier.check(b"no checkpoint\n", signature)
    if cosigner.vkey.algorithm == 6:
        renamed = Vkey("other.example", 6, cosigner.vkey.public_key)
        assert not CosignatureVerifier(renamed).check(TEXT, signature)


def test_checkpoint_opens_for_its_log_only() -> None:
    note = sign_checkpoint(CHECKPOINT, [LOG, LOG_PQ.at(NOW), WITNESSES[0].at(NOW)])
    keys = [verifier_for(LOG.vkey), verifier_for(LOG_PQ.vkey)]
    assert open_checkpoint(note, keys, LOG.name) == CHECKPOINT
    with pytest.raises(Unverified, match="not of"):
        open_checkpoint(note, keys, "node.example/act-log/2028")
    with pytest.raises(Unverified, match="No known key"):
        open_checkpoint(note, [verifier_for(WITNESSES[2].vkey)], LOG.name)
    with pytest.raises(Malformed):
        verifier_for(Vkey(LOG.name, 2, b""))


def test_a_key_of_one_type_is_none_of_another() -> None:
    with pytest.raises(Malformed):
        Verifier(WITNESSES[0].vkey)
    with pytest.raises(Malformed):
        CosignatureVerifier(LOG.vkey)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_altered_note_opens_to_another_text(place: int, change: int) -> None:
    note = sign_checkpoint(CHECKPOINT, [LOG])
    data = bytearray(note)
    data[place % len(data)] ^= change
    with pytest.raises((Malformed, Unverified)):
        open_note(bytes(data), [verifier_for(LOG.vkey)])


def test_many_unknown_lines_are_ignored_and_too_many_refused() -> None:
    strangers = [sign_line(TEXT, Signer.from_seed(f"s{number}.example", bytes([number]) * 32)) for number in range(63)]
    note = add_lines(sign_note(TEXT, [LOG]), strangers)
    opened = open_note(note, [verifier_for(LOG.vkey)])
    assert (len(opened.verified), len(opened.unknown)) == (1, MAX_LINES - 1)
    assert add_lines(note, strangers) == note
    with pytest.raises(Malformed, match="more than 64"):
        add_lines(note, [sign_line(TEXT, LOG_PQ.at(NOW))])


def test_same_name_other_id_is_unknown_and_known_but_bad_is_refused() -> None:
    other = Signer.from_seed(LOG.name, b"x" * 32)
    note = sign_note(TEXT, [LOG, other])
    assert len(open_note(note, [verifier_for(LOG.vkey)]).unknown) == 1
    forged = SignatureLine(LOG.name, LOG.vkey.key_id, other.sign(TEXT))
    with pytest.raises(Unverified, match="is bad"):
        open_note(add_lines(note, [forged]), [verifier_for(LOG.vkey)])


GOOD = SPEC_NOTE.decode()
LINE = GOOD.split("\n\n")[1]
BAD_NOTES = {
    "no final newline": GOOD[:-1],
    "no signature": GOOD.split("\n\n")[0] + "\n\n",
    "no blank line": GOOD.replace("\n\n", "\n"),
    "CRLF": GOOD.replace("\n", "\r\n"),
    "tab": "a\tb\n\n" + LINE,
    "hyphen for dash": GOOD.replace("\u2014", "-"),
    "no-break space": GOOD.replace("\u2014 ", "\u2014\u00a0"),
    "two spaces": GOOD.replace("foo U", "foo  U"),
    "trailing space": GOOD[:-1] + " \n",
    "plus in name": GOOD.replace("example.com/foo", "example+foo"),
    "space in name": GOOD.replace("example.com/foo", "example\u2003foo"),
    "base64 without padding": GOOD.replace("yaQM=", "yaQM"),
    "base64 with loose bits": GOOD.replace("yaQM=", "yaQN="),
    "base64url": GOOD.replace("ZXsYjOBH", "ZXs_jOBH"),
    "short signature": "a\n\n\u2014 n AAAAAA==\n",
    "too large": "a" * (1 << 20) + "\n\n" + LINE,
}


@pytest.mark.parametrize("text", BAD_NOTES.values(), ids=BAD_NOTES.keys())
def test_misspelt_notes_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        open_note(text.encode(), [Verifier.parse(SPEC_VKEY)])


def test_bytes_that_are_no_utf8_are_refused() -> None:
    with pytest.raises(Malformed):
        split_note(b"\xff\n\n" + LINE.encode())


ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
BAD_CHECKPOINTS = {
    "extension line": f"o.example\n1\n{ROOT}\nmore\n",
    "no newline": f"o.example\n1\n{ROOT}",
    "empty origin": f"\n1\n{ROOT}\n",
    "space in origin": f"o example\n1\n{ROOT}\n",
    "leading zero": f"o.example\n01\n{ROOT}\n",
    "sign": f"o.example\n+1\n{ROOT}\n",
    "underscore": f"o.example\n1_0\n{ROOT}\n",
    "Arabic digit": f"o.example\n\u0661\n{ROOT}\n",
    "too great": f"o.example\n9223372036854775808\n{ROOT}\n",
    "short root": "o.example\n1\nAAAA\n",
    "long origin": f"{'o' * 256}\n1\n{ROOT}\n",
}


@pytest.mark.parametrize("text", BAD_CHECKPOINTS.values(), ids=BAD_CHECKPOINTS.keys())
def test_misspelt_checkpoints_are_refused(text: str) -> None:
    assert parse_checkpoint(f"o.example\n1\n{ROOT}\n".encode()).size == 1
    with pytest.raises(Malformed):
        parse_checkpoint(text.encode())


@given(st.data())
def test_no_mangled_verifier_key_is_read(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SPEC_VKEY) - 1))
    end = data.draw(st.integers(start, len(SPEC_VKEY)))
    if (start, end) != (0, len(SPEC_VKEY)):
        with pytest.raises(Malformed):
            Vkey.parse(SPEC_VKEY[start:end])
    place = data.draw(st.integers(0, len(SPEC_VKEY) - 1))
    changed = SPEC_VKEY[:place] + chr(ord(SPEC_VKEY[place]) ^ 1) + SPEC_VKEY[place + 1 :]
    with pytest.raises(Malformed):
        Vkey.parse(changed)


def test_go_refuses_these_keys_and_so_do_we() -> None:
    # From golang.org/x/mod/sumdb/note's tests: wrong length, unknown algorithm, each with an adjusted hash.
    for text in (
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ):
        with pytest.raises(Malformed):
            Vkey.parse(text)


def test_what_is_no_note_is_not_signed() -> None:
    for text in (b"no newline", b"", b"a\x00b\n", b"\xff\n"):
        with pytest.raises(Malformed):
            sign_note(text, [LOG])
    with pytest.raises(Malformed):
        sign_note(b"text\n", [])
    with pytest.raises(Malformed):
        cosign(TEXT, WITNESSES[0], -1)
    with pytest.raises(Malformed):
        Signer.from_seed("n", b"short")
