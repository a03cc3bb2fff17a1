// Command profile prints where the time of a training step goes, by type of
// operation, with the bytes that each type moves by the graph's shapes.
//
//	go run ./bench/profile --alpha 1 --pixels 64 --batch 64
//
// The step is the one that bench/compare measures. What TensorFlow runs in the
// place of a node (as _MklNativeConv2D for Conv2D) is named as it ran, and the
// bytes are those of the node. Times are the means over several traced steps. With
// --workers the step is that of as many processes of this machine, of which the table has
// the chief's operations; what they exchange is told beside it.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"

	"sslpipe/bench/training"
	"sslpipe/internal/cluster"
	"sslpipe/internal/tf"
	"sslpipe/internal/tfruntime"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "profile:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	c := training.Config{}
	flags := flag.NewFlagSet("profile", flag.ExitOnError)
	flags.StringVar(&c.Network, "network", "", "vit or text, which have a width, a depth and heads; otherwise MobileNetV2")
	flags.IntVar(&c.Width, "width", 192, "width of a transformer")
	flags.IntVar(&c.Depth, "depth", 6, "blocks of a transformer")
	flags.IntVar(&c.Heads, "heads", 3, "heads of a transformer")
	flags.IntVar(&c.Length, "length", 64, "tokens of a text")
	flags.Float64Var(&c.Alpha, "alpha", 1, "width of the network")
	flags.IntVar(&c.Pixels, "pixels", 64, "side of the images")
	flags.StringVar(&c.Strides, "strides", "imagenet", "preset of the network's strides")
	flags.IntVar(&c.Batch, "batch", 64, "images in a step")
	flags.IntVar(&c.Threads, "threads", runtime.NumCPU(), "threads of the session")
	flags.StringVar(&c.Device, "device", tfruntime.CPU, "cpu or gpu")
	flags.BoolVar(&c.Stock, "stock", false, "train through TensorFlow's own operations alone")
	flags.IntVar(&c.Workers, "workers", 1, "processes that share the batch of images")
	steps := flags.Int("steps", 5, "steps to trace")
	deps := flags.String("deps", ".deps", "folder of the installed runtimes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := tfruntime.Find(*deps, c.Device)
	if err != nil {
		return err
	}
	if err := tf.Load(dir); err != nil {
		return err
	}
	if config := os.Getenv(cluster.Variable); config != "" {
		return help(config, c.Threads)
	}
	if c.Workers < 2 {
		return profiled(c, *steps, out)
	}
	if c.Network == training.Text {
		return errors.New("--workers share images, and not the places of texts")
	}
	server, others, err := together(c.Workers, c.Threads)
	if err == nil {
		c.Server = server
		err = errors.Join(profiled(c, *steps, out), server.Dismiss())
	}
	cluster.EndAll(others)
	return err
}

// profiled measures a training and prints its table.
func profiled(c training.Config, steps int, out io.Writer) error {
	t, err := training.New(c)
	if err != nil {
		return err
	}
	p, err := measure(t, steps)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s, batch %d, %d threads: means over %d steps\n\n", c, c.Batch, c.Threads, steps)
	p.table(out)
	if c.Workers > 1 {
		exchanged(p.moved, c.Workers).print(out, p)
	}
	return t.Session.Close()
}

// line is a type of operation in a step.
type line struct {
	typ   string
	count int
	time  time.Duration
	bytes int64
}

// profile is a step: what was measured with a clock around it, untraced and traced,
// and what its operations took.
type profile struct {
	plain, traced time.Duration
	lines         []line // longest first
	moved         []tf.OpTraffic
	// meeting is how long collectives were under way, waiting how long nothing else was.
	meeting, waiting time.Duration
}

// warmUp are the steps before the first one that counts.
const warmUp = 3

func measure(t *training.Training, steps int) (profile, error) {
	var p profile
	moved, err := t.Graph.Traffic(t.Fetches, t.Step)
	if err != nil {
		return p, err
	}
	p.moved = moved
	bytes := map[string]int64{}
	for _, m := range moved {
		bytes[m.Name] = m.Read + m.Written
	}
	if err := t.Run(warmUp); err != nil {
		return p, err
	}
	began := time.Now()
	if err := t.Run(steps); err != nil {
		return p, err
	}
	p.plain = time.Since(began) / time.Duration(steps)
	lines := map[string]*line{}
	for range steps {
		feeds := t.Feeds()
		began := time.Now()
		ops, err := t.Session.Profile(feeds, t.Fetches, t.Step)
		p.traced += time.Since(began) / time.Duration(steps)
		if err != nil {
			return p, err
		}
		ops = slices.DeleteFunc(ops, func(op tf.OpTime) bool { return op.Worker > 0 })
		meeting, waiting := meetings(ops)
		p.meeting, p.waiting = p.meeting+meeting/time.Duration(steps), p.waiting+waiting/time.Duration(steps)
		for _, op := range ops {
			if lines[op.Type] == nil {
				lines[op.Type] = &line{typ: op.Type}
			}
			l := lines[op.Type]
			l.count, l.time, l.bytes = l.count+1, l.time+op.Time, l.bytes+bytes[op.Name]
		}
	}
	for _, l := range lines {
		p.lines = append(p.lines, line{l.typ, l.count / steps, l.time / time.Duration(steps), l.bytes / int64(steps)})
	}
	slices.SortFunc(p.lines, func(a, b line) int { return cmp.Or(cmp.Compare(b.time, a.time), cmp.Compare(a.typ, b.typ)) })
	return p, nil
}

// table prints a line for each type that takes its share, and one for the rest.
func (p profile) table(out io.Writer) {
	all := line{typ: "all operations"}
	for _, l := range p.lines {
		all.count, all.time, all.bytes = all.count+l.count, all.time+l.time, all.bytes+l.bytes
	}
	fmt.Fprintf(out, "%-44s%6s%9s%8s%9s%8s\n", "operation", "count", "ms", "share", "MB", "GB/s")
	rest := line{typ: "others"}
	for _, l := range p.lines {
		if l.time*1000 < all.time { // under 0.1 %
			rest.count, rest.time, rest.bytes = rest.count+l.count, rest.time+l.time, rest.bytes+l.bytes
			continue
		}
		l.print(out, all.time)
	}
	rest.print(out, all.time)
	all.print(out, all.time)
	fmt.Fprintf(out, "\na step by the clock: %.1f ms, traced %.1f ms\n", ms(p.plain), ms(p.traced))
}

func (l line) print(out io.Writer, all time.Duration) {
	share, speed := 0.0, 0.0
	if all > 0 {
		share = 100 * l.time.Seconds() / all.Seconds()
	}
	if l.time > 0 {
		speed = float64(l.bytes) / l.time.Seconds() / 1e9
	}
	fmt.Fprintf(out, "%-44s%6d%9.2f%7.1f%%%9.1f%8.1f\n", l.typ, l.count, ms(l.time), share, float64(l.bytes)/1e6, speed)
}

func ms(d time.Duration) float64 { return 1e3 * d.Seconds() }
