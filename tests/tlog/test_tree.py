"""The tree is RFC 6962's: known answers, the RFC's own definition, and no altered proof verifies."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Malformed, Unverified
from comity.tlog.tree import (
    Coordinate,
    Tree,
    consistency_proof,
    frontier_of,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from tests.tlog.biglog import SIZES, defined_path, defined_root, defined_subproof, entry, nodes, read, tree_at

# Leaves, roots and proofs of the merkle tree tests of Google's certificate-transparency (merkle_tree_test.cc),
# carried on in transparency-dev/merkle (testonly/constants.go).
CT_LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
CT_ROOTS = [bytes.fromhex(text) for text in (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)]  # fmt: skip
CT_INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
CT_CONSISTENCY = {
    (1, 8): CT_INCLUSION[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def ct_read(places: Sequence[Coordinate]) -> list[bytes]:
    stored = {(level, index): value for level, index, value in Tree().append(list(map(leaf_hash, CT_LEAVES)))[1]}
    return [stored[place] for place in places]


@pytest.mark.parametrize("size", range(9))
def test_known_roots(size: int) -> None:
    assert Tree().append([leaf_hash(leaf) for leaf in CT_LEAVES[:size]])[0].root() == CT_ROOTS[size]


def test_known_proofs() -> None:
    for (index, size), proof in CT_INCLUSION.items():
        found = inclusion_proof(index, size, ct_read)
        assert [value.hex() for value in found] == proof
        verify_inclusion(index, size, leaf_hash(CT_LEAVES[index]), CT_ROOTS[size], found)
    for (old, new), proof in CT_CONSISTENCY.items():
        found = consistency_proof(old, new, ct_read)
        assert [value.hex() for value in found] == proof
        verify_consistency(old, CT_ROOTS[old], new, CT_ROOTS[new], found)


@pytest.mark.parametrize("size", SIZES)
def test_roots_at_the_turning_sizes(size: int) -> None:
    assert tree_at(size).root() == defined_root([entry(index) for index in range(size)])


@given(st.integers(1, 130), st.data())
def test_proofs_are_those_of_the_definition(size: int, data: st.DataObject) -> None:
    entries = [entry(index) for index in range(size)]
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    root = defined_root(entries)
    path = inclusion_proof(index, size, read)
    assert path == defined_path(index, entries)
    verify_inclusion(index, size, leaf_hash(entries[index]), root, path)
    proof = consistency_proof(old, size, read)
    assert proof == defined_subproof(old, entries)
    verify_consistency(old, defined_root(entries[:old]), size, root, proof)


@given(st.integers(0, SIZES[-1] - 1), st.sampled_from(SIZES[1:]))
def test_proofs_in_the_large_log_verify(index: int, size: int) -> None:
    index %= size
    verify_inclusion(index, size, leaf_hash(entry(index)), tree_at(size).root(), inclusion_proof(index, size, read))
    old = index + 1
    proof = consistency_proof(old, size, read)
    verify_consistency(old, tree_at(old).root(), size, tree_at(size).root(), proof)


@given(st.lists(st.integers(0, 40), max_size=12))
def test_growth_by_any_steps_is_the_same_tree(steps: list[int]) -> None:
    tree = Tree()
    found: dict[Coordinate, bytes] = {}
    for step in steps:
        leaves = [leaf_hash(entry(tree.size + index)) for index in range(step)]
        tree, new = tree.append(leaves)
        assert not {(level, index) for level, index, _ in new} & set(found)
        found.update({(level, index): value for level, index, value in new})
    assert tree == tree_at(tree.size)
    complete = {(level, index) for level in range(10) for index in range(tree.size >> level)}
    assert found == {place: nodes()[place] for place in complete}


@given(st.integers(2, 300), st.data())
def test_no_altered_inclusion_proof_verifies(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaf, root, proof = leaf_hash(entry(index)), tree_at(size).root(), inclusion_proof(index, size, read)
    place = data.draw(st.integers(0, len(proof) - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda value: value != index))
    altered = [
        (index, size, leaf, root, [*proof[:place], flip(proof[place]), *proof[place + 1 :]]),
        (index, size, leaf, root, proof[:place] + proof[place + 1 :]),
        (index, size, leaf, root, [*proof, root]),
        (index, size, flip(leaf), root, proof),
        (index, size, leaf, flip(root), proof),
        (index, size, leaf[:31], root, proof),
        (size, size, leaf, root, proof),
        (-1, size, leaf, root, proof),
        (other, size, leaf, root, inclusion_proof(other, size, read)),
        (other, size, leaf, root, proof),
    ]
    for each in altered:
        with pytest.raises(Unverified):
            verify_inclusion(*each)


@given(st.integers(2, 300), st.data())
def test_no_altered_consistency_proof_verifies(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new - 1))
    old_root, new_root = tree_at(old).root(), tree_at(new).root()
    proof = consistency_proof(old, new, read)
    place = data.draw(st.integers(0, len(proof) - 1))
    altered = [
        (old, old_root, new, new_root, [*proof[:place], flip(proof[place]), *proof[place + 1 :]]),
        (old, old_root, new, new_root, proof[:place] + proof[place + 1 :]),
        (old, old_root, new, new_root, [*proof, new_root]),
        (old, old_root, new, new_root, []),
        (old, flip(old_root), new, new_root, proof),
        (old, old_root, new, flip(new_root), proof),
        (new, new_root, old, old_root, proof),
        (old, old_root, old, new_root, []),
        (0, old_root, new, new_root, []),
        (0, tree_at(0).root(), new, new_root, proof),
        (-1, old_root, new, new_root, proof),
    ]
    for each in altered:
        with pytest.raises(Unverified):
            verify_consistency(*each)


def flip(value: bytes) -> bytes:
    return bytes([value[0] ^ 1]) + value[1:]


def test_what_does_not_exist_cannot_be_proved() -> None:
    with pytest.raises(Malformed):
        inclusion_proof(3, 3, read)
    with pytest.raises(Malformed):
        consistency_proof(4, 3, read)
    with pytest.raises(Malformed):
        Tree(3, (b"x" * 32,))
    assert consistency_proof(0, 3, read) == consistency_proof(3, 3, read) == []
    assert frontier_of(0, read) == ()
