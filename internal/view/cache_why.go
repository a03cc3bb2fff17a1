package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"sslpipe/internal/cache"
)

// CacheWhy writes what stored results are and what keeps them.
func CacheWhy(w io.Writer, list []cache.Explanation, now time.Time, s Style) error {
	var out strings.Builder
	for i, e := range list {
		if i > 0 {
			fmt.Fprintln(&out)
		}
		fmt.Fprintln(&out, s.paint(bold, e.Unit))
		for _, f := range whyFields(e, now) {
			for _, line := range hang("  "+padRight(f[0], 13), f[1], s.width()) {
				fmt.Fprintln(&out, strings.TrimRight(line, " "))
			}
		}
		if len(list) == 1 && len(e.Recipe) > 0 {
			var recipe bytes.Buffer
			if err := json.Indent(&recipe, e.Recipe, "    ", "  "); err != nil {
				return fmt.Errorf("show the recipe of %s: %w", e.Unit, err)
			}
			fmt.Fprintf(&out, "  what it computes, as its fingerprint has it:\n    %s\n", &recipe)
		}
	}
	if len(list) > 1 {
		fmt.Fprintf(&out, "\n%s. Name one of them to see what it computes.\n", plural(len(list), "result"))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// whyFields are labels with texts.
func whyFields(e cache.Explanation, now time.Time) [][2]string {
	files := fmt.Sprintf("%s in %s", usageText(e.Usage), plural(e.Usage.Files, "file"))
	if e.Missing {
		files = "missing: the unit runs again when it is needed"
	} else if e.Shared > 0 {
		files += fmt.Sprintf(", shared with %s", plural(e.Shared, "other result"))
	}
	fields := [][2]string{
		{"fingerprint", e.Fingerprint},
		{"result", e.Tree},
		{"stored", fmt.Sprintf("%s (%s ago), made in %s", e.Created.UTC().Format("2006-01-02 15:04:05 UTC"), age(now.Sub(e.Created)), secondsText(e.Seconds))},
		{"files", files},
		{"outputs", outputsText(e)},
	}
	if len(e.Names) > 0 {
		fields = append(fields, [2]string{"also called", strings.Join(e.Names, ", ")})
	}
	if len(e.Reads) > 0 {
		fields = append(fields, [2]string{"reads", strings.Join(e.Reads, ", ")})
	}
	label := "kept by"
	for _, text := range keptTexts(e.Result) {
		fields = append(fields, [2]string{label, text})
		label = ""
	}
	label = "divergent"
	for _, d := range e.Divergent {
		what := "other files, " + d.Tree
		if d.Tree == e.Tree {
			what = "the same files with other metadata"
		}
		fields = append(fields, [2]string{label, fmt.Sprintf("%s, made on %s in %s; the first result is the one in use",
			what, d.Created.UTC().Format("2006-01-02 15:04:05 UTC"), secondsText(d.Seconds))})
		label = ""
	}
	return fields
}

func outputsText(e cache.Explanation) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(e.Outputs)) {
		parts = append(parts, fmt.Sprintf("%s (%s)", name, e.Outputs[name].Type))
	}
	return strings.Join(parts, ", ")
}

func keptTexts(r *cache.Result) []string {
	var texts []string
	for _, root := range r.Roots {
		texts = append(texts, rootText(root))
	}
	for _, other := range r.NeededBy {
		texts = append(texts, fmt.Sprintf("%s (%s), which reads its files", other.Unit, short(other.Fingerprint)))
	}
	if len(texts) == 0 {
		return []string{"nothing: sslpipe cache gc would remove it"}
	}
	return texts
}

func rootText(root *cache.Root) string {
	if root.Note == "" {
		return string(root.Kind) + " " + root.Name
	}
	return fmt.Sprintf("%s %s (%s)", root.Kind, root.Name, root.Note)
}
