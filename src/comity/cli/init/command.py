"""``comity init``: found a Party, certify officials, make nodes and witnesses, publish, trust. In that order."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.markup import escape

from comity.cli.folder import ROOT_PUB, code_of
from comity.cli.hands import passphrase, read_public
from comity.cli.init import key_changes, nodes, officials, parties
from comity.cli.init import key_commands as init_keys
from comity.cli.init import root_commands as init_roots
from comity.cli.init.root_options import (
    JUDICIARY_FILE,
    ROOT_FILE,
    JudiciaryPassphrase,
    PartyFolder,
    RootOption,
    RootPassphrase,
    make_holders,
    signer_at,
    tell,
)
from comity.cli.output import console
from comity.errors import Malformed
from comity.signing.keys import PublicKey
from comity.signing.roots import Root, Roots, read_root

app = typer.Typer(
    help="""Set up a Party, its officials, nodes and witnesses, and whom to trust.

The order, for each Party:

1. comity init party DE de             the Party's folder, two roots (the judiciary's lies apart)

2. edit de/party.toml                  your authorities and what each may do

3. comity init node ...                a node's folder with its keys

4. comity init witness ...             an oversight body's witness

5. comity init official ...            a hand key, and the credential that says whose it is

6. comity init publish de              sign the Party file: de/DE.json

7. comity init trust NODE de/DE.json fr/FR.json     whom a node (or a witness, or a verifier) trusts

Later: revoke and rotate end an official's key and a seal; rotate-log, new-year, successor and rotate-envelope do so for
the log and for envelopes; roots replaces root holders. Then publish and trust again.

Then: comity witness serve FOLDER, comity serve --config NODE/comity.toml. Nothing is ever overwritten; every command
may be repeated.""",
    no_args_is_help=True,
    rich_markup_mode=None,
)

def _today() -> date:
    return datetime.now(UTC).date()


@app.command("party")
def party(
    code: Annotated[str, typer.Argument(metavar="CC", help="The Party's code, e.g. DE.")],
    folder: Annotated[Path, typer.Argument(help="The Party's folder, best on a computer without network.")],
    judiciary: Annotated[
        Path | None, typer.Option("--judiciary", help="Folder of the judiciary's root. Default: FOLDER-judiciary.")
    ] = None,
    roots: Annotated[int, typer.Option("--roots", min=1, max=8, help="How many hold the Party's root.")] = 1,
    needed: Annotated[int, typer.Option("--needed", min=1, help="How many of them must sign.")] = 1,
    judges: Annotated[int, typer.Option("--judiciary-roots", min=1, max=8, help="The same for the judiciary.")] = 1,
    judges_needed: Annotated[int, typer.Option("--judiciary-needed", min=1, help="The same for the judiciary.")] = 1,
    root_passphrase: RootPassphrase = None,
    judiciary_passphrase: JudiciaryPassphrase = None,
) -> None:
    """Make a Party's folder: its root, its judiciary's root (apart), and a party.toml with made-up offices to edit.

    With --roots 3 --needed 2, three holders get a key each (de-root-1 to de-root-3); what two of them sign counts.
    """
    apart = judiciary or folder.with_name(folder.name + "-judiciary")
    new = "New passphrase of the"
    first = _holders(folder, (roots, needed), root_passphrase, f"{new} root of {code}", ROOT_FILE)
    second = _holders(
        apart, (judges, judges_needed), judiciary_passphrase, f"{new} judiciary's root", JUDICIARY_FILE
    )
    parties.found_party(code, folder, apart, (first, second))
    console.print(f"{escape(str(folder))}: the Party's root and party.toml. Edit party.toml next.")
    console.print(
        f"{escape(str(apart))}: the judiciary's root. Hand this folder to the judiciary; it certifies judges."
    )


def _holders(
    folder: Path, asked: tuple[int, int], secret: Path | None, prompt: str, option: str
) -> parties.Holders:
    """Who is to hold a root; nothing is asked when it is there already."""
    number, needed = asked
    if (folder / ROOT_PUB).exists():
        return parties.Holders()
    if number == 1 and needed == 1:
        return parties.Holders(passphrase(secret, prompt, option=option, confirm=True))
    if needed > number:
        raise Malformed(f"{needed} of {number} cannot sign.", "Ask for no more than there are holders.")
    return parties.Holders(roots=Roots(tuple(make_holders(folder, number, secret, option)), needed))


@app.command("node")
def node(
    folder: Annotated[Path, typer.Argument(help="The node's folder: keys, comity.toml, data.")],
    party: PartyFolder,
    node_id: Annotated[str, typer.Option("--id", help="The node's identifier, e.g. node.prosecution.de.example.")],
    authority: Annotated[list[str], typer.Option("--authority", help="An authority it serves; may be repeated.")],
    url: Annotated[str, typer.Option("--url", help="Its address as peers reach it.")] = "http://127.0.0.1:8140",
    listen: Annotated[str, typer.Option("--listen", help="Where it listens. Default: host and port of the URL.")] = "",
) -> None:
    """Make a node's folder with its keys, and enter the node in the Party's folder."""
    plan = nodes.NodePlan(node_id, url, tuple(authority), listen or _listen(url), {})
    entry = nodes.found_node(folder, party, plan, _today().year)
    console.print(f"{escape(str(folder))}: the node {escape(entry.id)}; its log is {escape(entry.origin)}.")
    console.print(f"Next: comity init publish {escape(str(party))}")


@app.command("witness")
def witness(
    folder: Annotated[Path, typer.Argument(help="The witness's folder: key, witness.toml, what it saw.")],
    party: PartyFolder,
    body: Annotated[str, typer.Option("--body", help="The oversight body in party.toml that runs it.")],
    url: Annotated[str, typer.Option("--url", help="Its address as nodes reach it.")] = "http://127.0.0.1:8150",
    listen: Annotated[str, typer.Option("--listen", help="Where it listens. Default: host and port of the URL.")] = "",
    mirror: Annotated[
        bool, typer.Option("--mirror", help="A mirror instead: it keeps every leaf. With a folder and key of its own.")
    ] = False,
    ml_dsa: Annotated[
        bool, typer.Option("--ml-dsa", help="Cosign with ML-DSA-44 (FIPS 204), 2.4 kB each time, not with Ed25519.")
    ] = False,
) -> None:
    """Make an oversight body's witness, or its mirror, and enter it in the Party's folder."""
    entered = nodes.found_witness(folder, party, body, url, listen or _listen(url), mirror=mirror, ml_dsa=ml_dsa)
    kind, vkey = ("mirror", entered.mirror_vkey) if mirror else ("witness", entered.witness_vkey)
    console.print(f"{escape(str(folder))}: the {kind} {escape(vkey.partition('+')[0])}.")
    console.print(f"Next: comity init publish {escape(str(party))}")


@app.command("official")
def official(
    key: Annotated[Path, typer.Argument(help="Where the official's key is to lie (or lies); never a node's computer.")],
    party: PartyFolder,
    holder: Annotated[str, typer.Option("--holder", help="Whose hand it is, as others will read it.")],
    role: Annotated[str, typer.Option("--role", help=f"One of: {', '.join(officials.ROLES)}.")],
    authority: Annotated[str, typer.Option("--authority", help="The authority in party.toml.")],
    public: Annotated[
        str, typer.Option("--public", help="Certify this public key (of an agent or token) instead of making a key.")
    ] = "",
    judiciary: Annotated[
        Path | None, typer.Option("--judiciary", help="Folder of the judiciary's root. Default: PARTY-judiciary.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day. Default: two years from now.")
    ] = None,
    passphrase_file: Annotated[
        Path | None,
        typer.Option("--passphrase-file", envvar="COMITY_PASSPHRASE_FILE", help="File with the new key's passphrase."),
    ] = None,
    root: RootOption = "",
    root_passphrase: RootPassphrase = None,
    judiciary_passphrase: JudiciaryPassphrase = None,
) -> None:
    """Make an official's hand key (or take a public one) and certify it.

    Judges are certified by the judiciary's root, all others by the Party's.
    """
    judicial = officials.needs_judiciary(role)
    where = root or ((judiciary or party.with_name(party.name + "-judiciary")) if judicial else party)
    hand = _hand(key, public, passphrase_file)
    last = until.date() if until else _today().replace(year=_today().year + 2, day=min(_today().day, 28))
    signer = signer_at(
        where, judiciary_passphrase if judicial else root_passphrase,
        f"Passphrase of the {'judiciary' if judicial else 'Party'}'s root",
        JUDICIARY_FILE if judicial else ROOT_FILE,
    )  # fmt: skip
    made = officials.certify(party, officials.Office(holder, role, authority, last), hand, signer, _today())
    if not tell(made):
        return
    console.print(f"{escape(str(made.path))}: {escape(holder)}, {role} of {escape(authority)}, key {hand.kid}.")
    console.print(f"Next: comity init publish {escape(str(party))}")


def _hand(key: Path, public: str, passphrase_file: Path | None) -> PublicKey:
    if public:
        return read_public(Path(public).read_text(encoding="ascii") if Path(public).is_file() else public)
    if key.exists():
        return read_public(key.with_name(key.name + ".pub").read_text(encoding="ascii"))
    return officials.make_hand(key, passphrase(passphrase_file, f"New passphrase of {key}", confirm=True))


@app.command("publish")
def publish(
    folder: Annotated[Path, typer.Argument(help="The Party's folder.")],
    root: RootOption = "",
    root_passphrase: RootPassphrase = None,
) -> None:
    """Sign the Party file anew, one version up. Hand it to every node and to the other Parties.

    With several root holders, the first signs with --root; it then waits for the others: comity init sign.
    """
    code = code_of(folder)
    signer = signer_at(root or folder, root_passphrase, f"Passphrase of the root of {code}")
    file, signed = parties.publish(folder, signer, _today())
    if not tell(signed):
        return
    console.print(
        f"{escape(str(folder / f'{code}.json'))}: version {file.version}, {len(file.nodes)} node(s), "
        f"{len(file.credentials)} official(s), {len(file.oversight)} oversight body(ies)."
    )


@app.command("trust")
def trust(
    folder: Annotated[Path, typer.Argument(help="A node's, witness's or verifier's folder.")],
    files: Annotated[list[Path], typer.Argument(metavar="CC.json...", help="Party files; roots are read beside them.")],
    root: Annotated[
        list[str] | None,
        typer.Option("--root", help="A root as CC=ed25519:... or 'CC=2 of ed25519:... ...'; may be repeated."),
    ] = None,
) -> None:
    """Say whom to trust: writes anchors.toml and copies the Party files. Compare the fingerprints with their owners."""
    roots: dict[str, Root] = {}
    for text in root or []:
        code, _, key = text.partition("=")
        if not key:
            raise Malformed(f"{text!r} names no root.", "Write it as DE=ed25519:...")
        roots[code] = read_root(key)
    anchors = nodes.trust(folder, files, roots)
    console.print(f"{escape(str(folder / 'anchors.toml'))}: compare these digits with their owners, by telephone:")
    for name, digits in anchors.fingerprints():
        console.print(f"  {escape(name)}: {digits}")


@app.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The official's public key: a .pub file, or its name.")],
    party: PartyFolder,
    position: Annotated[int, typer.Option("--position", min=0, help="Void from this position of the log on.")],
    origin: Annotated[str, typer.Option("--origin", help="The log. Default: that of the Party's only node.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why, as others will read it.")] = "",
) -> None:
    """Revoke an official's key that was lost or stolen, or whose holder left. Acts before the position stand.

    To revoke it at once, give the size of the log: the second line of URL/log/checkpoint. For a Party with several
    nodes, once for each log.
    """
    kid = read_public(Path(key).read_text(encoding="ascii")).kid if Path(key).is_file() else key
    path = key_changes.revoke_hand(party, kid, origin, position, reason)
    console.print(f"{escape(str(path))}: void from position {position} on, once published.")
    console.print(f"Next: comity init publish {escape(str(party))}, then comity init trust at every node.")


@app.command("rotate")
def rotate(
    folder: Annotated[Path, typer.Argument(help="The node's folder.")],
    party: PartyFolder,
    node_id: Annotated[str, typer.Option("--id", help="The node's identifier.")],
    start: Annotated[
        int, typer.Option("--from", min=1, help="Position from which the new seal counts: the log's size.")
    ],
    overlap: Annotated[
        int, typer.Option("--overlap", min=1, help="For how many positions the old seal still counts.")
    ] = 1000,
    stolen: Annotated[
        bool, typer.Option("--stolen", help="The old seal is revoked at --from, without overlap.")
    ] = False,
) -> None:
    """Give a node a new seal key. Publish, trust and restart the node before the overlap ends.

    The log's size is the second line of URL/log/checkpoint. The old key's file stays in the node's key folder.
    """
    old, new = key_changes.rotate_seal(folder, party, node_id, key_changes.Rotation(start, overlap, stolen))
    ends = "is revoked there" if stolen else f"counts until {start + overlap}"
    done = f"The new seal {new} counts from position {start}; the old one, {old}, {ends}."
    console.print(done if old != new else f"The seal {new} counts from position {start} already; nothing was changed.")
    console.print(f"Next: comity init publish {escape(str(party))}; comity init trust everywhere; restart this node.")


def _listen(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Malformed(f"{url!r} is not an address.", "Write it as https://host or http://127.0.0.1:8140.")
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


init_roots.add_to(app)
init_keys.add_to(app)
