// Command check reads C2SP tiles, in a folder or over HTTP, with Go's golang.org/x/mod/sumdb/tlog and note, unmodified, and
// says OK when the checkpoint's note, the tree hash, inclusion proofs and consistency proofs all hold.
//
// Usage: check FOLDER|URL VKEY INDEX,... OLDSIZE:OLDROOTBASE64,...
// The tile layout differs from Go's only in that the height is not part of the path.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io/ioutil"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type place string

func (p place) Height() int { return 8 }

func (p place) read(path string) ([]byte, error) {
	if !strings.HasPrefix(string(p), "http://") {
		return ioutil.ReadFile(filepath.Join(string(p), filepath.FromSlash(path)))
	}
	answer, err := http.Get(string(p) + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return ioutil.ReadAll(answer.Body)
}

func (p place) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		data, err := p.read(strings.Replace(t.Path(), "tile/8/", "tile/", 1))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (p place) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func check(err error) {
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
}

func entry(p place, size, index int64) []byte {
	t := tlog.Tile{H: 8, L: 0, N: index / 256, W: 256}
	if size/256 == t.N {
		t.W = int(size % 256)
	}
	path := strings.Replace(t.Path(), "tile/8/0/", "tile/entries/", 1)
	data, err := p.read(path)
	check(err)
	for i := index % 256; i > 0; i-- {
		data = data[2+int(binary.BigEndian.Uint16(data)):]
	}
	return data[2 : 2+int(binary.BigEndian.Uint16(data))]
}

func main() {
	p := place(os.Args[1])
	verifier, err := note.NewVerifier(os.Args[2])
	check(err)
	data, err := p.read("checkpoint")
	check(err)
	opened, err := note.Open(data, note.VerifierList(verifier))
	check(err)
	lines := bytes.Split([]byte(opened.Text), []byte("\n"))
	size, err := strconv.ParseInt(string(lines[1]), 10, 64)
	check(err)
	root, err := tlog.ParseHash(string(lines[2]))
	check(err)
	tree := tlog.Tree{N: size, Hash: root}
	reader := tlog.TileHashReader(tree, p)
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
		check(tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(entry(p, size, index))))
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
