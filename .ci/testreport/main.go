// Command testreport reads what `go test -json` writes and prints what `go test` prints: a line a package, and the output of what
// failed. At the end it lists the tests that were skipped, each with its reason. It exits with 1 if anything failed, or if
// nothing ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Action  string
	Package string
	Test    string
	Elapsed float64
	Output  string
}

func main() {
	output := map[string][]string{} // of packages and tests that have not ended, by "package test"
	var skipped []string
	failed, passed := false, 0
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Print(string(line)) // of the go command itself
				continue
			}
			key := e.Package + " " + e.Test
			switch e.Action {
			case "build-output":
				fmt.Print(e.Output)
			case "output":
				output[key] = append(output[key], e.Output)
			case "build-fail", "fail":
				failed = true
				fmt.Print(strings.Join(output[key], ""))
				delete(output, key)
			case "skip":
				if e.Test != "" {
					skipped = append(skipped, e.Package+" "+e.Test+": "+reason(output[key]))
				}
				delete(output, key)
			case "pass":
				passed++
				if e.Test == "" {
					fmt.Printf("ok  \t%s\t%s\n", e.Package, seconds(e.Elapsed))
				}
				delete(output, key)
			}
		}
		if err != nil {
			break
		}
	}
	for key, left := range output { // a process that died says why outside of any test that ended
		if failed && strings.Contains(strings.Join(left, ""), "panic") {
			fmt.Printf("%s:\n%s", key, strings.Join(left, ""))
		}
	}
	slices.Sort(skipped)
	fmt.Printf("%d tests and packages passed, %d tests skipped\n", passed, len(skipped))
	for _, one := range skipped {
		fmt.Println("skipped: " + one)
	}
	if failed || passed == 0 {
		os.Exit(1)
	}
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond)
}

// reason is what a test said before it was skipped.
func reason(output []string) string {
	var said []string
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			said = append(said, line)
		}
	}
	return strings.Join(said, " ")
}
