package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"sslpipe/internal/dataset"
	"sslpipe/internal/tf"
	"sslpipe/internal/view"
)

// predictFlags are the flags of predict.
type predictFlags struct {
	format      string
	top         int
	classes     []string
	classesFile string
	pixels      string
	size        string
	tokens      int
	temperature float64
	topK        int
	topP        float64
	seed        uint64
}

func predictCommand(s *settings) *cobra.Command {
	var flags predictFlags
	cmd := &cobra.Command{
		Use:   "predict MODEL IMAGE|FOLDER|TEXT|FILE...",
		Short: "Print what a published model, or a classifier of Keras, says of images or texts",
		Long: `Prints the classes of images with their probabilities. MODEL is the folder of a
SavedModel: one that run published, or one that Keras wrote. A model with
operations that do more than compute, as those that read or write files, is
refused; a model can still take long and much memory. Of a folder all
images are taken (JPEG, PNG, GIF, BMP), of its folders too, hidden ones left out.
Images are decoded and resized as they are for training. Those that cannot be
read are named, the others predicted, and the exit code is then 1.

To a published model of texts, the arguments are texts, or files of which each line
is one; - is standard input. A classifier prints the classes of texts; an encoder
that was trained with masked_token the likeliest words for each [MASK]; and one
that was trained with next_token writes the texts on, drawing each token by its
probability as the flags and the seed say. What is too long for the model is cut
off, and said.`,
		Example: `  sslpipe predict savedmodels/rotation/finetune.ssl_full.10/1 photo.jpg
  sslpipe predict savedmodels/rotation/finetune.ssl_full.10/1 photos --format csv > classes.csv
  sslpipe predict savedmodels/masked-token/pretrain.masked/1 "In the [MASK] God created the heaven"
  sslpipe predict savedmodels/next-token/pretrain.next/1 "In the beginning" --tokens 20 --seed 7
  sslpipe predict keras_model photos --pixels -1..1 --classes-file names.txt`,
		Args: takes(2, many),
		RunE: func(cmd *cobra.Command, args []string) error { return s.predict(cmd, flags, args[0], args[1:]) },
	}
	cmd.Flags().StringVar(&flags.format, "format", "text", "text, csv or json")
	cmd.Flags().IntVar(&flags.top, "top", 3, "classes to show for each image or text, in text, or words for each [MASK]")
	cmd.Flags().StringSliceVar(&flags.classes, "classes", nil, "names of the classes, for a model without names: a,b,c")
	cmd.Flags().StringVar(&flags.classesFile, "classes-file", "", "file with the names of the classes, one a line")
	cmd.Flags().StringVar(&flags.pixels, "pixels", "", "what a model of Keras takes: 0..255 (default), 0..1 or -1..1")
	cmd.Flags().StringVar(&flags.size, "size", "", "size of images, HxW, for a model that takes any")
	cmd.Flags().IntVar(&flags.tokens, "tokens", 40, "tokens to write a text on by, unless it ends before")
	cmd.Flags().Float64Var(&flags.temperature, "temperature", 1, "divides scores before a token is drawn; 0 takes the likeliest")
	cmd.Flags().IntVar(&flags.topK, "top-k", 40, "draw from so many of the likeliest tokens; 0 for all")
	cmd.Flags().Float64Var(&flags.topP, "top-p", 1, "draw from the fewest tokens with this share of the probability")
	cmd.Flags().Uint64Var(&flags.seed, "seed", 0, "seed of the draws")
	return cmd
}

// predict opens the model and writes what it says of each image.
func (s *settings) predict(cmd *cobra.Command, flags predictFlags, model string, images []string) error {
	if flags.top < 1 {
		return fmt.Errorf("--top must be at least 1, not %d", flags.top)
	}
	if isTextModel(model) {
		return s.predictTexts(cmd, flags, model, images)
	}
	for _, name := range continuing {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s is for models that write texts on", name)
		}
	}
	c, err := newClassifier(model, flags)
	if err != nil {
		return err
	}
	out, err := flags.writer(cmd.OutOrStdout(), model, c.classes)
	if err != nil {
		return err
	}
	files, err := imageFiles(images)
	if err != nil {
		return err
	}
	device, err := s.chooseDevice()
	if err != nil {
		return err
	}
	if err := openRuntimeFor(cmd, device); err != nil {
		return failed(err)
	}
	if err := c.open(tf.SessionOptions{Threads: s.Jobs, Device: tf.Device(device)}); err != nil {
		return failed(err)
	}
	unread, err := predictAll(cmd.Context(), c, files, out, cmd.ErrOrStderr())
	if err = errors.Join(err, out.Close(), c.close()); errors.Is(err, context.Canceled) {
		return exitError{code: exitInterrupted, err: errors.New("interrupted")}
	}
	if err == nil && unread > 0 {
		err = fmt.Errorf("%d of %d images could not be read", unread, len(files))
	}
	return failed(err)
}

// writer makes the writer of the chosen format.
func (f predictFlags) writer(w io.Writer, model string, classes []string) (view.Predictions, error) {
	switch f.format {
	case "text":
		return view.PredictionText(w, view.Images, classes, f.top, view.Detect(w, os.Getenv)), nil
	case "csv":
		return view.PredictionCSV(w, view.Images, classes), nil
	case "json":
		return view.PredictionJSON(w, view.Images, model, classes), nil
	}
	return nil, fmt.Errorf("there is no format %q: use text, csv or json", f.format)
}

// imageFiles lists the images that arguments name: files, whatever they are, and
// the images in folders.
func imageFiles(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, fmt.Errorf("find images: %w", err)
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		found, err := dataset.FindPictures(arg)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there are no images (.jpg, .jpeg, .png, .gif, .bmp) in %s", strings.Join(args, ", "))
	}
	return files, nil
}

// predictBatch is how many images are in memory at a time.
const predictBatch = 32

// predictAll predicts files in batches. It names those that cannot be read, and
// returns their number.
func predictAll(ctx context.Context, c *classifier, files []string, out view.Predictions, stderr io.Writer) (unread int, err error) {
	n := min(predictBatch, len(files))
	if c.batch > 0 {
		n = c.batch
	}
	pictures := dataset.NewPictures(c.shape)
	defer func() { err = errors.Join(err, pictures.Close()) }()
	pixels := make([]byte, n*c.shape[0]*c.shape[1]*c.shape[2])
	fed, err := tf.Alloc(tf.Float32, n, c.shape[0], c.shape[1], c.shape[2])
	if err != nil {
		return 0, err
	}
	for start := 0; start < len(files); start += n {
		if ctx.Err() != nil {
			return unread, ctx.Err()
		}
		some := files[start:min(start+n, len(files))]
		bad, err := pictures.Decode(pixels, some)
		if err != nil {
			return unread, err
		}
		for i, v := range pixels {
			fed.Float32s()[i] = float32(v)
		}
		rows, err := c.classify(fed, bad, stderr)
		if err != nil {
			return unread, err
		}
		for i, file := range some {
			if bad[i] != nil {
				unread++
				fmt.Fprintf(stderr, "Skipped %q: %v\n", file, bad[i])
			} else if err := out.Add(view.Prediction{Subject: file, Probabilities: rows[i]}); err != nil {
				return unread, err
			}
		}
	}
	return unread, nil
}
