"""Keys, files and published vectors for the tests of this room. Every key here is made from a known seed."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from comity.errors import Unverified
from comity.signing.keys import PrivateKey, PublicKey

VECTORS = Path(__file__).parent / "vectors"
ANN = PrivateKey.from_seed(bytes(range(32)))
BOB = PrivateKey.from_seed(bytes(range(32, 64)))
CAY = PrivateKey.from_seed(bytes(range(64, 96)))

names = st.text(st.characters(max_codepoint=127))
texts = st.text(st.characters(exclude_categories=["Cs"]))
integers = st.integers(-(2**53) + 1, 2**53 - 1)
values = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(names, inner, max_size=5),
    max_leaves=20,
)


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text("utf-8"))["vectors"]


def resolver(*keys: PrivateKey) -> Any:
    known = {key.public.kid: key.public for key in keys}

    def resolve(kid: str) -> PublicKey:
        if kid not in known:
            raise Unverified(f"unknown key {kid}")
        return known[kid]

    return resolve
