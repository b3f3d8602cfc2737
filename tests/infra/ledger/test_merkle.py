"""RFC 6962 hashing and proofs: the field's published vectors, and any tree of any size."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.crypto import sha256
from infra.ledger.merkle import EMPTY_ROOT, node_hash, root_of, verify_consistency, verify_inclusion
from infra.ledger.tiles import TilesIncomplete, Tree, expected_tiles, extend

# The eight leaves, roots and proofs that Certificate Transparency's implementations share.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
INCLUSION = {(0, 1): [], (0, 8): [A, B, C], (5, 8): [D, E, ROOTS[3]], (2, 3): [ROOTS[1]]}
CONSISTENCY = {(1, 1): [], (1, 8): [A, B, C], (6, 8): [F, E, ROOTS[3]], (2, 5): [B, D]}


def leaf(data: bytes) -> bytes:
    return sha256(b"\x00" + data)


def grown(leaves: list[bytes], steps: list[int]) -> dict[tuple[int, int], bytes]:
    """Tiles of a log that grew by these steps, then to its end."""
    tiles: dict[tuple[int, int], bytes] = {}
    size = 0
    for step in [*steps, len(leaves)]:
        part = leaves[size : size + step]
        tiles.update(extend(size, part, lambda *key: tiles.get(key, b"")))
        size += len(part)
    return tiles


def tree_of(leaves: list[bytes], steps: list[int] | None = None) -> Tree:
    tiles = grown(leaves, steps or [])
    return Tree(len(leaves), lambda *key: tiles.get(key, b""))


def slow_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY_ROOT
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(slow_root(leaves[:k]), slow_root(leaves[k:]))


def test_published_roots() -> None:
    hashes = [leaf(data) for data in LEAVES]
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for size, root in enumerate(ROOTS, start=1):
        assert root_of(hashes[:size]).hex() == root
        assert tree_of(hashes[:size]).root().hex() == root


@pytest.mark.parametrize(("index", "size"), sorted(INCLUSION))
def test_published_inclusion_proofs(index: int, size: int) -> None:
    hashes = [leaf(data) for data in LEAVES]
    proof = tree_of(hashes[:size]).inclusion(index)
    assert [each.hex() for each in proof] == INCLUSION[index, size]
    assert verify_inclusion(hashes[index], index, size, proof, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "size"), sorted(CONSISTENCY))
def test_published_consistency_proofs(old: int, size: int) -> None:
    hashes = [leaf(data) for data in LEAVES]
    proof = tree_of(hashes[:size]).consistency(old)
    assert [each.hex() for each in proof] == CONSISTENCY[old, size]
    roots = bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[size - 1])
    assert verify_consistency(old, roots[0], size, roots[1], proof)


SIZES = st.one_of(st.integers(1, 40), st.integers(250, 520), st.sampled_from([255, 256, 257, 511, 512, 513, 767]))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_proof_of_every_growth_verifies_and_no_altered_one(data: st.DataObject) -> None:
    size = data.draw(SIZES)
    steps = data.draw(st.lists(st.integers(0, 300), max_size=6))
    leaves = [leaf(str(number).encode()) for number in range(size)]
    tree = tree_of(leaves, steps)
    root = slow_root(leaves)
    assert tree.root() == root

    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion(index)
    assert verify_inclusion(leaves[index], index, size, proof, root)
    for wrong in altered(proof, data):
        assert not verify_inclusion(leaves[index], index, size, wrong, root)
    other = data.draw(st.integers(0, size - 1))
    assert verify_inclusion(leaves[index], other, size, proof, root) == (other == index)

    old = data.draw(st.integers(0, size))
    old_root = slow_root(leaves[:old])
    proof = tree.consistency(old)
    assert verify_consistency(old, old_root, size, root, proof)
    for wrong in altered(proof, data):
        assert not verify_consistency(old, old_root, size, root, wrong)
    if 0 < old < size:
        assert not verify_consistency(old, root, size, root, proof)
        assert not verify_consistency(old, old_root, size, old_root, proof)


def altered(proof: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    """The proof with a bit flipped, a hash removed, one added, two swapped."""
    wrong = [[*proof, leaf(b"more")], [leaf(b"more"), *proof]]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        bit = data.draw(st.integers(0, 255))
        flipped = bytearray(proof[at])
        flipped[bit // 8] ^= 1 << bit % 8
        wrong += [[*proof[:at], bytes(flipped), *proof[at + 1 :]], proof[:at] + proof[at + 1 :], proof[:-1]]
        wrong += [[*proof[:at], proof[at][:-1], *proof[at + 1 :]]]
    if len(proof) > 1:
        wrong.append([proof[1], proof[0], *proof[2:]])
    return wrong


def test_every_leaf_of_a_log_of_several_levels_is_provable() -> None:
    leaves = [leaf(str(number).encode()) for number in range(66_000)]
    tiles = grown(leaves, [10_000, 1, 30_000])
    assert {level for level, _ in tiles} == {0, 1, 2} == set(expected_tiles(66_000))
    root = root_of(leaves)
    for index in [0, 255, 256, 65_535, 65_536, 65_999, *range(7, 66_000, 6_007)]:
        proof = Tree(66_000, lambda *key: tiles.get(key, b"")).inclusion(index)
        assert verify_inclusion(leaves[index], index, 66_000, proof, root)


def test_a_missing_tile_is_said_and_never_guessed() -> None:
    tiles = grown([leaf(str(number).encode()) for number in range(600)], [])
    del tiles[0, 1]
    tree = Tree(600, lambda *key: tiles.get(key, b""))
    with pytest.raises(TilesIncomplete) as missing:
        tree.inclusion(300)
    assert (missing.value.level, missing.value.position) == (0, 1)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_places_outside_the_tree_are_no_leaves(index: int, size: int) -> None:
    hashes = [leaf(data) for data in LEAVES[:3]]
    assert not verify_inclusion(hashes[0], index, size, [], root_of(hashes))
    with pytest.raises(ValueError, match="no leaf"):
        tree_of(hashes[:size]).inclusion(index)
