// Command check reads a folder of C2SP tiles with Go's golang.org/x/mod/sumdb/tlog and note, unmodified, and says OK when
// the checkpoint's note, the tree hash, inclusion proofs and consistency proofs all hold.
//
// Usage: check FOLDER VKEY INDEX,... OLDSIZE:OLDROOTBASE64,...
// The tile layout differs from Go's only in that the height is not part of the path.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io/ioutil"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type folder string

func (f folder) Height() int { return 8 }

func (f folder) read(t tlog.Tile) ([]byte, error) {
	path := strings.Replace(t.Path(), "tile/8/", "tile/", 1)
	return ioutil.ReadFile(filepath.Join(string(f), filepath.FromSlash(path)))
}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		data, err := f.read(t)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (f folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func check(err error) {
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
}

func entry(f folder, size, index int64) []byte {
	t := tlog.Tile{H: 8, L: 0, N: index / 256, W: 256}
	if size/256 == t.N {
		t.W = int(size % 256)
	}
	path := strings.Replace(t.Path(), "tile/8/0/", "tile/entries/", 1)
	data, err := ioutil.ReadFile(filepath.Join(string(f), filepath.FromSlash(path)))
	check(err)
	for i := index % 256; i > 0; i-- {
		data = data[2+int(binary.BigEndian.Uint16(data)):]
	}
	return data[2 : 2+int(binary.BigEndian.Uint16(data))]
}

func main() {
	f := folder(os.Args[1])
	verifier, err := note.NewVerifier(os.Args[2])
	check(err)
	data, err := ioutil.ReadFile(filepath.Join(string(f), "checkpoint"))
	check(err)
	opened, err := note.Open(data, note.VerifierList(verifier))
	check(err)
	lines := bytes.Split([]byte(opened.Text), []byte("\n"))
	size, err := strconv.ParseInt(string(lines[1]), 10, 64)
	check(err)
	root, err := tlog.ParseHash(string(lines[2]))
	check(err)
	tree := tlog.Tree{N: size, Hash: root}
	reader := tlog.TileHashReader(tree, f)
	if size > 0 {
		hash, err := tlog.TreeHash(size, reader)
		check(err)
		if hash != root {
			check(fmt.Errorf("tree hash differs"))
		}
	}
	for _, word := range strings.Split(os.Args[3], ",") {
		if word == "" {
			continue
		}
		index, err := strconv.ParseInt(word, 10, 64)
		check(err)
		proof, err := tlog.ProveRecord(size, index, reader)
		check(err)
		check(tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(entry(f, size, index))))
	}
	for _, word := range strings.Split(os.Args[4], ",") {
		if word == "" {
			continue
		}
		parts := strings.SplitN(word, ":", 2)
		old, err := strconv.ParseInt(parts[0], 10, 64)
		check(err)
		raw, err := base64.StdEncoding.DecodeString(parts[1])
		check(err)
		var oldRoot tlog.Hash
		copy(oldRoot[:], raw)
		proof, err := tlog.ProveTree(size, old, reader)
		check(err)
		check(tlog.CheckTree(proof, size, root, old, oldRoot))
	}
	fmt.Println("OK", size, len(opened.Sigs), len(opened.UnverifiedSigs))
}
