//go:build ignore

// Generate writes nfkd.txt and ccc.txt, the tables of the package above, from the Unicode tables of golang.org/x/text:
//
//	go run generate.go
package main

import (
	"fmt"
	"log"
	"os"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

func main() {
	var decompositions, classes strings.Builder
	first, last, class := rune(0), rune(0), uint8(0)
	flush := func() {
		if class != 0 {
			fmt.Fprintf(&classes, "%X %X %d\n", first, last, class)
		}
	}
	for r := rune(0xA0); r <= unicode.MaxRune; r++ {
		if unicode.Is(unicode.Cs, r) {
			continue
		}
		s, c := string(r), uint8(0)
		if d := norm.NFKD.String(s); d == s {
			c = norm.NFKD.PropertiesString(s).CCC()
		} else if r < 0xAC00 || r > 0xD7A3 { // Hangul decomposes by arithmetic
			decompositions.WriteString(s + d + "\n")
		}
		if c == class && r == last+1 {
			last = r
			continue
		}
		flush()
		first, last, class = r, r, c
	}
	flush()
	for name, table := range map[string]string{"nfkd.txt": decompositions.String(), "ccc.txt": classes.String()} {
		if err := os.WriteFile(name, []byte(table), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
