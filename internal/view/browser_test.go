package view

import (
	"context"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"sslpipe/internal/report"
)

var shots = flag.String("shots", "", "folder for pictures of the page as the browser shows it")

// browser starts Chromium, or skips the test where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("no chromium, chromium-browser or google-chrome in PATH to look at the page with")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.DisableGPU)
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return ctx
}

// tab is a page in the browser, with all that it said and asked for.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	requests []string
	messages []string
}

// open shows a file in a window of this width. The context of a tab must not end
// before its last action, so only actions have a limit.
func open(t *testing.T, browser context.Context, url string, width int64, theme string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok && !strings.HasPrefix(e.Request.URL, "data:") && e.Request.URL != url {
			p.note(&p.requests, e.Request.URL)
		}
	}); err != nil {
		t.Fatal(err)
	}
	console := chromedp.Console(ctx)
	go func() {
		for m, err := range console {
			if err != nil {
				return
			}
			p.note(&p.messages, m.String())
		}
	}()
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	p.theme(theme)
	p.do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(url))
	return p
}

func (p *tab) note(list *[]string, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*list = append(*list, text)
}

func (p *tab) theme(name string) { p.media("", name) }

// media changes what the page is shown on, a screen if empty, and its theme.
func (p *tab) media(medium, theme string) {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}}); err != nil {
		p.t.Fatal(err)
	}
}

// patience is far more than a loaded machine needs.
const patience = time.Minute

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// eval returns what a JavaScript expression gives.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// sound fails if the page asked for anything, complained, is wider than its window
// or has a chart that shows nothing.
func (p *tab) sound(charts int) {
	p.t.Helper()
	if got := eval[[2]int](p, drawnCharts); got != [2]int{charts, 0} {
		p.t.Errorf("%d charts, of them %d empty, want %d and none", got[0], got[1], charts)
	}
	if over := eval[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
		p.t.Errorf("the page is %d pixels wider than the window", over)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.requests) > 0 {
		p.t.Errorf("the page asked for %q", p.requests)
	}
	if len(p.messages) > 0 {
		p.t.Errorf("the page said %q", p.messages)
	}
}

// drawnCharts counts the charts, and those of them without any shape of a colour.
const drawnCharts = `(() => {
	const charts = [...document.querySelectorAll('.chart')];
	const empty = charts.filter((c) => ![...c.querySelectorAll('svg path, svg circle, svg rect, svg polyline')].some((s) => {
		const b = s.getBBox();
		return b.width + b.height > 0 && (s.getAttribute('fill') || 'none') + (s.getAttribute('stroke') || 'none') !== 'nonenone';
	}));
	return [charts.length, empty.length];
})()`

func (p *tab) shoot(name string, shot chromedp.Action[[]byte]) {
	p.t.Helper()
	if *shots == "" {
		return
	}
	picture, err := chromedp.Run(p.ctx, shot)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*shots, name+".png"), picture, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// pageFile writes a report's page and returns its address.
func pageFile(t *testing.T, r *report.Report) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	text := render(t, func(w io.Writer) error { return HTML(w, r, map[string][]byte{"pictures.png": madePictures(t)}) })
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}
