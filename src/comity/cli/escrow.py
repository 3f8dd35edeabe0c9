"""``comity escrow``: what oversight bodies do to open a sealed leaf without the node that sealed it.

``key`` once; ``fetch`` often; then each body makes its share of a sample, and enough shares together open it. What was
opened is compared with the leaf in the log: a node that escrowed a lie is found.

Left to others: the escrow itself (`comity.docket.escrow`), the node's side (`comity.node.log.escrows`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.markup import escape as marked

from comity.cli.client import DEFAULT_NODE, NodeClient, NodeOption
from comity.cli.hands import KeyOption, PassphraseOption, open_hand
from comity.cli.output import console, print_json
from comity.docket.escrow import Share, decode_escrow, decode_opening, open_escrow, open_share
from comity.errors import Conflict, Malformed, NotFound
from comity.node.log.export import write_file
from comity.signing.base64url import from_base64url, to_base64url
from comity.signing.canonical import canonical, parse_canonical

SUFFIX = ".escrow"
KEY = "escrow.key"
app = typer.Typer(
    name="escrow",
    help="For oversight bodies: open a sealed leaf without the node that sealed it, and see whether it escrowed a lie.",
    no_args_is_help=True,
)


class ShareFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One body's share, opened: to be handed to the other bodies over a channel of their own."""

    format: str = "comity-escrow-share/1"
    origin: str
    position: int
    body: str
    place: int
    value: str


@app.command("key")
def key(
    folder: Annotated[Path, typer.Argument(help="The oversight body's own folder; the key is written into it.")],
    party: Annotated[Path, typer.Option("--party", help="The Party's folder, where the public half is entered.")],
    body: Annotated[str, typer.Option("--body", help="The oversight body in party.toml.")],
) -> None:
    """Make the key that openings are escrowed to. Publish the Party file anew afterwards: comity init publish."""
    from comity.cli.init.parties import read_draft
    from comity.docket.party_file import OversightBody
    from comity.node.keeping.keys import read_secret, write_secret
    from comity.signing.envelope import EnvelopeKey

    path = party / "oversight" / f"{body}.json"
    entered = next((b for b in read_draft(party).oversight if b.id == body), None)
    if entered is None:
        raise NotFound(f"party.toml names no oversight body {body!r}.", "Add it under [[oversight]].")
    if path.exists():
        entered = msgspec.json.decode(path.read_bytes(), type=OversightBody)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (folder / KEY).exists():
        write_secret(folder / KEY, EnvelopeKey.generate().save(None))
    public = EnvelopeKey.load(read_secret(folder / KEY), None).public
    write_file(path, msgspec.json.encode(msgspec.structs.replace(entered, envelope=public.to_text())))
    console.print(f"{marked(str(folder / KEY))}: {public.kid[:16]}, entered for {marked(body)}.")


@app.command("fetch")
def fetch(
    folder: Annotated[Path, typer.Argument(help="Where escrows are kept, one file for each sealed leaf.")],
    hand: KeyOption = "",
    node: NodeOption = DEFAULT_NODE,
    since: Annotated[int, typer.Option("--since", help="The first leaf to ask for.")] = 0,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Fetch the escrows of all sealed leaves since a number: the node does not learn which you will open."""
    client, count, at = NodeClient(node, open_hand(hand, passphrase_file)), 0, since
    while True:
        answer = client.get(f"/api/oversight/escrows?since={at}")
        for text in answer["escrows"]:
            escrow = decode_escrow(text.encode())
            path = folder / f"{escrow.position}{SUFFIX}"
            if path.exists() and path.read_bytes() != text.encode():
                raise Conflict(f"The node shows another escrow of leaf {escrow.position}.", "Keep both, tell others.")
            write_file(path, text.encode())
            count += 1
        if answer["next"] is None:
            break
        at = int(answer["next"])
    console.print(f"{count} escrow(s) in {marked(str(folder))}.")


@app.command("share")
def share(
    escrow: Annotated[Path, typer.Argument(metavar="ESCROW", help="The escrow of one leaf.")],
    body: Annotated[str, typer.Option("--body", help="Your oversight body.")],
    key_file: Annotated[Path, typer.Option("--key", help="Its key: escrow.key.")],
    out: Annotated[Path | None, typer.Option("--out", help="Where to write it; by default beside the escrow.")] = None,
) -> None:
    """Open your share of one escrow, to hand it to the other bodies. Alone it opens nothing."""
    from comity.node.keeping.keys import read_secret
    from comity.signing.envelope import EnvelopeKey

    held = decode_escrow(_read(escrow))
    opened = open_share(held, body, EnvelopeKey.load(read_secret(key_file), None))
    file = ShareFile(
        origin=held.origin, position=held.position, body=body, place=opened.place, value=to_base64url(opened.value)
    )
    target = out or escrow.with_name(f"{held.position}.{body}.share")
    write_file(target, canonical(file))
    console.print(f"Written: {marked(str(target))}. It is one of {held.needed} that are needed; keep it secret.")


@app.command("open")
def open_(
    escrow: Annotated[Path, typer.Argument(metavar="ESCROW", help="The escrow of one leaf.")],
    shares: Annotated[list[Path], typer.Argument(metavar="SHARE...", help="The bodies' shares.")],
    log: Annotated[str, typer.Option("--log", metavar="URL|FOLDER", help="The node's log, or a copy of it.")],
    json: Annotated[bool, typer.Option("--json", help="Print what was opened as JSON.")] = False,
) -> None:
    """Open an escrow with enough shares, and compare what is in it with the leaf in the log. Exit 4: it is a lie."""
    held = decode_escrow(_read(escrow))
    opening = decode_opening(open_escrow(held, [_share(path, held.origin, held.position) for path in shares]))
    opening.check(_leaf(log, held.position))
    if json:
        print_json({"position": held.position, **msgspec.to_builtins(opening)})
        return
    console.print(f"[green]✓[/green] Leaf {held.position} is [bold]{marked(opening.kind)}[/bold]: the escrow opens it.")
    if opening.act:
        record = msgspec.json.decode(opening.act)["record"]
        words = f"{record['step']} in {record['docket']}, {record['authority']}, {record['at']}"
        console.print(f"  {marked(words)}")


def _share(path: Path, origin: str, position: int) -> Share:
    try:
        file = msgspec.convert(parse_canonical(_read(path), limit=4096), ShareFile)
    except msgspec.ValidationError as exc:
        raise Malformed(f"{path.name} is no share: {exc}.", "Ask the body for it again.") from exc
    if (file.origin, file.position) != (origin, position):
        raise Malformed(f"{path.name} is a share of another escrow.", "Name the shares of this one.")
    return Share(file.place, from_base64url(file.value, "A share", size=32))


def _leaf(place: str, number: int) -> Any:
    """The leaf of that number, verified against the checkpoint that the log shows."""
    from comity.node.auditor.source import open_source, tree_of
    from comity.tlog.checkpoint import read_checkpoint
    from comity.tlog.leaf import parse_leaf

    source = open_source(place)
    checkpoint = read_checkpoint(source.checkpoint())
    reader = tree_of(checkpoint, source.fetch)
    first = parse_leaf(reader.entries(0)[0])
    position = number - (first.ref or 0 if first.kind == "key-event" else 0)
    if not 0 <= position < checkpoint.size:
        raise NotFound(f"This log does not hold leaf {number}.", "Name the one that does: an earlier one is /logs/0.")
    return parse_leaf(reader.entries(position // 256)[position % 256])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise NotFound(f"{path} cannot be read: {exc.strerror}.", "Check the name.") from exc
