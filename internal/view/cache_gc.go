package view

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/cache"
)

// CacheCollection writes what would go from a store, or went where deleted says
// so: totals, then the roots with what they keep, then what goes, one a line.
func CacheCollection(w io.Writer, c *cache.Collection, deleted bool, now time.Time, s Style) error {
	var text strings.Builder
	freed := c.Freed()
	switch {
	case freed.Files == 0 && len(c.Results) == 0:
		fmt.Fprintf(&text, "There is nothing to remove from %s.", c.Dir)
	case deleted:
		fmt.Fprintf(&text, "Removed from %s: %s.", c.Dir, usageText(freed))
	default:
		fmt.Fprintf(&text, "Dry run: nothing is removed. With --delete, %s go from %s.", usageText(freed), c.Dir)
	}
	fmt.Fprintf(&text, "\n%s\n", stayText(c))
	if err := writeWrapped(w, strings.TrimSuffix(text.String(), "\n"), s); err != nil {
		return err
	}
	would := "would go"
	if deleted {
		would = "went"
	}
	for _, g := range []grid{totalsGrid(c), rootsGrid(c), goingGrid(c, would, now), scrapsGrid(c, would, now)} {
		if len(g.rows) == 0 {
			continue
		}
		fmt.Fprintln(w)
		if err := g.writeTerminal(w, s); err != nil {
			return err
		}
	}
	return nil
}

func stayText(c *cache.Collection) string {
	text := "No result stays."
	if stay := slices.Concat(c.Kept, c.Young); len(stay) > 0 {
		text = fmt.Sprintf("Of %s, %s", plural(len(stay)+len(c.Results), "result"), counted(stay, c.Survey, "stays", "stay"))
		if len(c.Results) == 0 {
			text = "All results stay, " + counted(stay, c.Survey, "", "")
		}
		var reasons []string
		if len(c.Kept) > 0 {
			reasons = append(reasons, fmt.Sprintf("%d kept by %s", len(c.Kept), cmp.Or(rootsText(c.Roots), "others that stay")))
		}
		if len(c.Young) > 0 {
			reasons = append(reasons, fmt.Sprintf("%d for being young", len(c.Young)))
		}
		text += ": " + strings.Join(reasons, ", ") + "."
	}
	for _, w := range c.Resumable {
		switch size := bytesText(w.Usage.Bytes); {
		case w.HeldBy != "":
			text += fmt.Sprintf("\nWork of %s (%s) stays: %s is running it.", unitName(w), size, w.HeldBy)
		case w.Young:
			text += fmt.Sprintf("\n%s (%s), resumable, stays for being young.", workName(w), size)
		default:
			text += fmt.Sprintf("\n%s (%s), resumable, stays; --work removes it.", workName(w), size)
		}
	}
	return text
}

func workName(w cache.Work) string { return "Interrupted work of " + unitName(w) }

func unitName(w cache.Work) string {
	if w.Unit == "" {
		return "a unit that no run names, " + short(w.Name)
	}
	return w.Unit
}

func totalsGrid(c *cache.Collection) grid {
	g := grid{columns: []column{{header: "what", left: true}, {header: "number"}, {header: "size"}, {header: "on disk"}}}
	add := func(what string, number int, usage artifact.Usage) {
		if number > 0 {
			g.rows = append(g.rows, []entry{{text: what}, {text: strconv.Itoa(number)}, {text: bytesText(usage.Bytes)}, {text: bytesText(usage.Disk)}})
		}
	}
	add("results that nothing keeps", len(c.Results), c.Alone())
	add("files that no result names", len(c.Loose), total(c.Loose))
	add("damaged, set aside", len(c.Damaged), total(c.Damaged))
	add("left by a removal that was interrupted", len(c.Trash), total(c.Trash))
	add("work folders of units that are stored", len(c.Leavings), totalWork(c.Leavings))
	add("interrupted work", len(c.Interrupted), totalWork(c.Interrupted))
	add("downloads", len(c.Downloads), total(c.Downloads))
	return g
}

func total(list []artifact.Scrap) artifact.Usage {
	var sum artifact.Usage
	for _, s := range list {
		sum.Add(s.Usage)
	}
	return sum
}

func totalWork(list []cache.Work) artifact.Usage {
	var sum artifact.Usage
	for _, w := range list {
		sum.Add(w.Usage)
	}
	return sum
}

func rootsGrid(c *cache.Collection) grid {
	g := grid{columns: []column{{header: "results"}, {header: "size"}, {header: "kept by", left: true}}}
	for _, root := range c.Roots.List {
		kept := c.KeptBy(root)
		g.rows = append(g.rows, []entry{{text: strconv.Itoa(len(kept))}, {text: bytesText(c.Space(kept).Bytes)}, {text: rootText(root)}})
	}
	return g
}

func goingGrid(c *cache.Collection, would string, now time.Time) grid {
	g := grid{title: "Results that " + would, columns: []column{{header: "result", left: true}, {header: "size"}, {header: "age"}, {header: "took"}, {header: "unit", left: true}}}
	for _, r := range c.Results {
		g.rows = append(g.rows, []entry{{text: short(r.Fingerprint)}, {text: resultSize(r)}, {text: age(now.Sub(r.Created))},
			{text: secondsText(r.Seconds)}, {text: r.Unit}})
	}
	return g
}

func scrapsGrid(c *cache.Collection, would string, now time.Time) grid {
	g := grid{title: "What else " + would, columns: []column{{header: "size"}, {header: "age"}, {header: "what", left: true}}}
	add := func(s artifact.Scrap, what string) {
		g.rows = append(g.rows, []entry{{text: bytesText(s.Usage.Bytes)}, {text: age(now.Sub(s.Changed))}, {text: what}})
	}
	for _, s := range c.Loose {
		add(s, "files without a result, "+short(s.Name))
	}
	for _, s := range c.Damaged {
		add(s, "damaged, "+short(s.Name))
	}
	for _, s := range c.Trash {
		add(s, "left by a removal that was interrupted, "+short(s.Name))
	}
	for _, w := range c.Leavings {
		add(w.Scrap, "work folder of "+unitName(w)+", which is stored")
	}
	for _, w := range c.Interrupted {
		add(w.Scrap, workName(w)+", resumable")
	}
	for _, s := range c.Downloads {
		add(s, "download "+s.Name)
	}
	return g
}
