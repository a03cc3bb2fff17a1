package view

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"sslpipe/internal/report"
	"sslpipe/third_party/echarts"
)

// madeCharts are those of a made-up report: two of efficiency and of cost, two for
// the errors on each test set, and one of pre-training, training and embeddings.
const madeCharts = 11

func TestPageInBrowser(t *testing.T) {
	ctx := browser(t)
	url := pageFile(t, made(plainNames))
	for _, width := range []int64{1280, 400} {
		for _, theme := range []string{"light", "dark"} {
			t.Run(fmt.Sprintf("%d %s", width, theme), func(t *testing.T) {
				p := open(t, ctx, url, width, theme)
				p.sound(madeCharts)
				p.shoot(fmt.Sprintf("%d-%s", width, theme), chromedp.FullScreenshot(100))
			})
		}
		t.Run(fmt.Sprintf("%d hostile", width), func(t *testing.T) {
			p := open(t, ctx, pageFile(t, made(hostileNames)), width, "light")
			if n := eval[int](p, "document.querySelectorAll('img, iframe, [onerror]').length"); n != 0 {
				t.Errorf("names became %d elements", n)
			}
			p.sound(madeCharts)
			p.shoot(fmt.Sprintf("hostile-%d", width), chromedp.FullScreenshot(100))
		})
	}
	t.Run("choices", func(t *testing.T) { checkChoices(open(t, ctx, url, 1280, "light")) })
	t.Run("pointer", func(t *testing.T) { checkPointer(open(t, ctx, url, 1280, "light")) })
	t.Run("texts", func(t *testing.T) { checkPageOfTexts(open(t, ctx, pageFile(t, madeTexts(hostileNames)), 400, "light")) })
	t.Run("little", func(t *testing.T) {
		// One arm, one run, all labels, and nothing else.
		p := open(t, ctx, pageFile(t, little()), 400, "light")
		p.sound(0)
		p.shoot("little", chromedp.FullScreenshot(100))
	})
	t.Run("many", func(t *testing.T) {
		p := open(t, ctx, pageFile(t, many()), 1280, "light")
		p.sound(5)
		p.shoot("many", chromedp.FullScreenshot(100))
	})
}

// checkChoices makes every kind of choice that the page offers.
func checkChoices(p *tab) {
	for _, c := range []struct{ section, label, choice string }{
		{"efficiency", "Score", "Log-loss"},
		{"pretraining", "Value", "rank"},
		{"training", "Labels per class", "100"},
		{"errors", "Arm", "pixels"},
		{"errors", "Labels per class", "5"},
		{"embedding", "Arm", "scratch"},
		{"embedding", "Projection", "principal components"},
		{"mistakes", "Arm", "pixels"},
	} {
		if !eval[bool](p, fmt.Sprintf(`(() => {
			const block = document.querySelector('#%s .block');
			const label = [...block.querySelectorAll('label')].find((l) => l.firstChild.textContent === '%s');
			const select = label.querySelector('select');
			const look = () => [...block.children].slice(1).map((c) => c.innerHTML).join('');
			const before = look();
			select.value = [...select.options].find((o) => o.textContent === '%s').value;
			select.dispatchEvent(new Event('change'));
			return look() !== before;
		})()`, c.section, c.label, c.choice)) {
			p.t.Errorf("%s: nothing changes with %s = %s", c.section, c.label, c.choice)
		}
	}
	shapes := `document.querySelectorAll('#efficiency .chart svg path').length`
	before := eval[int](p, shapes)
	p.do(chromedp.Click(chromedp.CSS("#efficiency .legend button")))
	if after := eval[int](p, shapes); after >= before {
		p.t.Errorf("%d shapes without the first arm, %d with it", after, before)
	}
	ink := `getComputedStyle(document.querySelector('#efficiency .chart text')).fill`
	light := eval[string](p, ink)
	p.theme("dark")
	p.do(chromedp.Poll[chromedp.Void](ink + " !== '" + light + "'"))
	// Paper is white.
	p.media("print", "dark")
	p.do(chromedp.Poll[chromedp.Void](ink + " === '" + light + "'"))
	p.shoot("print", chromedp.FullScreenshot(100))
	p.sound(madeCharts)
}

// checkPointer looks at what is shown beside the pointer on a point of the map.
func checkPointer(p *tab) {
	point := eval[[2]float64](p, `(() => {
		const box = document.querySelector('#embedding .chart');
		box.scrollIntoView({ block: 'center' });
		const chart = echarts.getInstanceByDom(box);
		const [x, y] = chart.convertToPixel({ seriesIndex: 0 }, chart.getOption().series[0].data[0].value);
		const b = box.getBoundingClientRect();
		return [b.x + x, b.y + y];
	})()`)
	const moved = input.DispatchMouseEventTypeMouseMoved
	p.do(chromedp.MouseEvent(moved, point[0]-3, point[1]), chromedp.MouseEvent(moved, point[0], point[1]))
	shown := eval[string](p, `(() => {
		const picture = document.querySelector('#embedding .tip .picture');
		return picture && picture.getBoundingClientRect().width > 50 ? getComputedStyle(picture).backgroundImage.slice(0, 20) : 'none';
	})()`)
	if !strings.HasPrefix(shown, `url("data:image/png`) {
		p.t.Errorf("the pointer shows %q", shown)
	}
	p.shoot("hover", chromedp.CaptureScreenshot())
	p.sound(madeCharts)
}

func TestPageWithoutScripts(t *testing.T) {
	text := render(t, func(w io.Writer) error { return HTML(w, made(plainNames), nil) })
	if again := render(t, func(w io.Writer) error { return HTML(w, made(plainNames), nil) }); again != text {
		t.Error("the same report gives another page")
	}
	body := regexp.MustCompile(`(?s)<script.*?</script>`).ReplaceAllString(text, "")
	for _, want := range []string{
		"With 5 labels per class, ssl_full scores", "cannot be told from scratch", "Holm", "0 of 6",
		"never (within 100)", "2.37\u00a0TFLOP", "Recall by class", "pre-training (unlabelled of download.images)",
		"differences: arm minus scratch", "git checkout b051f6c", "Intel Xeon", "# Rotation prediction",
	} {
		if !strings.Contains(body, want) && !strings.Contains(strings.ReplaceAll(body, "\u00a0", " "), want) {
			t.Errorf("no %q without scripts", want)
		}
	}
	if address := regexp.MustCompile(`(src|href)="[^#"][^"]*"`).FindString(body); address != "" {
		t.Errorf("the page names %s", address)
	}
}

func TestPageEscapesNames(t *testing.T) {
	text := render(t, func(w io.Writer) error { return HTML(w, made(hostileNames), nil) })
	if strings.Contains(strings.Replace(text, echarts.Script, "", 1), "<img") {
		t.Error("a name is in the page as it is")
	}
	if n := strings.Count(text, "</script>"); n != 3 {
		t.Errorf("%d scripts end, want 3", n)
	}
}

func TestPageLeavesOutWhatIsAbsent(t *testing.T) {
	text := render(t, func(w io.Writer) error { return HTML(w, little(), nil) })
	for _, absent := range []string{"efficiency", "cost", "pretraining", "training", "errors", "embedding", "mistakes"} {
		if strings.Contains(text, `<section id="`+absent+`"`) || strings.Contains(text, `href="#`+absent+`"`) {
			t.Errorf("there is a section %s", absent)
		}
	}
}

// little is a report of one run.
func little() *report.Report {
	r := made(plainNames)
	e := r.Evaluations[0]
	set := e.Sets[0]
	set.Comparisons = compared(plainNames.arms[:1], []int{0}, 1)
	set.Efficiency, set.Details, set.Embeddings, set.Pictures = nil, nil, nil, nil
	e.Arms = []report.Arm{{Name: plainNames.arms[0]}}
	e.Sets, e.Leaks, e.Parts, e.Trainings = []report.TestSet{set}, nil, nil, nil
	r.Evaluations, r.Pretrainings = []report.Evaluation{e}, nil
	return r
}

// many has more arms than colours, all labels among its budgets, and a hundred
// classes.
func many() *report.Report {
	names := plainNames
	names.sets = names.sets[:1]
	r := made(names)
	e := &r.Evaluations[0]
	arms := []string{"scratch"}
	for i := range 13 {
		arms = append(arms, fmt.Sprintf("pretext_task_%d_full", i+1))
	}
	e.Arms = nil
	for i, arm := range arms {
		e.Arms = append(e.Arms, report.Arm{Name: arm, Text: "whole network", Cost: report.Cost{FLOPs: 1e12 * float64(1+i)}})
	}
	set := &e.Sets[0]
	set.Comparisons = compared(arms, []int{10, 100, 0}, 3)
	set.Runs, set.Efficiency, set.Embeddings, e.Trainings = nil, nil, nil, nil
	set.Classes = nil
	d := report.Detail{Arm: arms[0], Labels: 100, Bins: set.Details[0].Bins}
	for i := range 100 {
		set.Classes = append(set.Classes, fmt.Sprintf("class number %d", i))
		row := make([]int, 100)
		row[i], row[(i+7)%100] = 20+i%5, i%11
		d.Confusion = append(d.Confusion, row)
	}
	set.Details = []report.Detail{d}
	return r
}
