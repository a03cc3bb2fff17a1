package dataset

import (
	"io/fs"

	"sslpipe/internal/fetch"
	fashionmnist "sslpipe/testdata/fashion-mnist"
	"sslpipe/testdata/kjv"
)

// KnownSet is a public data set that a pipeline can name.
type KnownSet struct {
	Name, Doc  string
	License    string
	Layout     string
	Shape      [3]int       // height, width, channels of images when prepared without other wishes; zero for text
	TextColumn string       // of tables of text, where it is not "text"
	Classes    []string     // names in label order; nil takes the set's own labels
	Files      []fetch.File // at their official addresses
	Embedded   fs.FS        // the files themselves, where the program carries them
}

var fashionClasses = []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}

// Known lists the data sets that have a name. Not included: SVHN (MATLAB files)
// and ImageNet (no address without an account).
var Known = []KnownSet{
	{
		Name:     "fashion-mnist-mini",
		Doc:      "12,000 + 3,000 images of Fashion-MNIST, carried by the program: no network is needed.",
		License:  "MIT (Zalando SE)",
		Layout:   "idx",
		Shape:    [3]int{28, 28, 1},
		Classes:  fashionClasses,
		Embedded: fashionmnist.Files,
	},
	{
		Name:    "fashion-mnist",
		Doc:     "Fashion-MNIST (arXiv:1708.07747): 60,000 + 10,000 grey images of clothes, 28x28, 10 classes.",
		License: "MIT (Zalando SE)",
		Layout:  "idx",
		Shape:   [3]int{28, 28, 1},
		Classes: fashionClasses,
		Files: []fetch.File{
			{URL: fashionAddress + "train-images-idx3-ubyte.gz", Size: 26421880, SHA256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
			{URL: fashionAddress + "train-labels-idx1-ubyte.gz", Size: 29515, SHA256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
			{URL: fashionAddress + "t10k-images-idx3-ubyte.gz", Size: 4422102, SHA256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
			{URL: fashionAddress + "t10k-labels-idx1-ubyte.gz", Size: 5148, SHA256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
		},
	},
	{
		Name:    "tiny-imagenet",
		Doc:     "Tiny ImageNet: 100,000 training images of 200 classes, 64x64; its 10,000 validation images are the test split here.",
		License: "research use only (photographs keep their own rights)",
		Layout:  "tiny-imagenet",
		Shape:   [3]int{64, 64, 3},
		Files: []fetch.File{
			{URL: "http://cs231n.stanford.edu/tiny-imagenet-200.zip", Size: 248100043, SHA256: "6198c8ae015e2b3e007c7841da39ec069199b9aa3bfa943a462022fe5e43c821"},
		},
	},
	{
		Name:    "cifar10",
		Doc:     "CIFAR-10: 50,000 + 10,000 colour images, 32x32, 10 classes.",
		License: "research use (photographs keep their own rights)",
		Layout:  "cifar-binary",
		Shape:   [3]int{32, 32, 3},
		Files: []fetch.File{
			{URL: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", Size: 170052171, SHA256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
		},
	},
	{
		Name:    "cifar100",
		Doc:     "CIFAR-100: 50,000 + 10,000 colour images, 32x32, by their 100 fine classes.",
		License: "research use (photographs keep their own rights)",
		Layout:  "cifar-binary",
		Shape:   [3]int{32, 32, 3},
		Files: []fetch.File{
			{URL: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz", Size: 168513733, SHA256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"},
		},
	},
	{
		Name:    "stl10",
		Doc:     "STL-10 (Coates et al., AISTATS 2011): 5,000 + 8,000 labelled and 100,000 unlabelled colour images, 96x96, 10 classes.",
		License: "research use (photographs from ImageNet keep their own rights)",
		Layout:  "stl10-binary",
		Shape:   [3]int{96, 96, 3},
		Files: []fetch.File{
			{URL: "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz", Size: 2640397119, SHA256: "f31fd99273a1acb8609c8db427cebb1de3f71de77758cdc0e22956e1289b9866"},
		},
	},
	{
		Name:    "imagenette",
		Doc:     "Imagenette (version 2, shorter side 160): 9,469 training and 3,925 validation photographs of 10 easy ImageNet classes.",
		License: "Apache-2.0 for the selection (photographs keep their own rights)",
		Layout:  "image-folder",
		Shape:   [3]int{160, 160, 3},
		Classes: []string{"tench", "English springer", "cassette player", "chain saw", "church", "French horn", "garbage truck", "gas pump", "golf ball", "parachute"},
		Files: []fetch.File{
			{URL: "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz", Size: 99003388, SHA256: "64d0c4859f35a461889e0147755a999a48b49bf38a7e0f9bd27003f10db02fe5"},
		},
	},
	{
		Name:     "kjv",
		Doc:      "The King James Version of the Bible, carried by the program: 31,102 verses, 66 books as classes; whole chapters (2, 9, 16, ... of every book) are the test.",
		License:  "public domain; in the United Kingdom printing is reserved by letters patent of the Crown",
		Layout:   "csv",
		Embedded: kjv.Files,
	},
	{
		Name:    "imdb",
		Doc:     "Large Movie Review Dataset (Maas et al., ACL 2011): 25,000 + 25,000 reviews of films, positive or negative, and 50,000 without labels.",
		License: "not stated (reviews from IMDb, for research)",
		Layout:  "documents",
		Classes: []string{"negative", "positive"},
		Files: []fetch.File{
			{URL: "http://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz", Size: 84125825, SHA256: "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe"},
		},
	},
	{
		Name:    "ag_news",
		Doc:     "AG News (Zhang et al., NeurIPS 2015, arXiv:1509.01626): 120,000 + 7,600 titles and descriptions of news, 4 classes.",
		License: "non-commercial use (collected by A. Gulli)",
		Layout:  "csv-classes",
		Classes: []string{"World", "Sports", "Business", "Sci/Tech"},
		Files: []fetch.File{
			{URL: newsAddress + "train.csv", Size: 29470338, SHA256: "76a0a2d2f92b286371fe4d4044640910a04a803fdd2538e0f3f29a5c6f6b672e"},
			{URL: newsAddress + "test.csv", SHA256: "521465c2428ed7f02f8d6db6ffdd4b5447c1c701962353eb2c40d548c3c85699"},
		},
	},
	{
		Name:       "sst2",
		Doc:        "Stanford Sentiment Treebank, two classes, as in GLUE (Socher et al., EMNLP 2013; arXiv:1804.07461): 67,349 phrases and sentences; the 872 for validation are the test here, since those for test have no labels.",
		License:    "not stated (sentences from Rotten Tomatoes, for research)",
		Layout:     "csv",
		TextColumn: "sentence",
		Classes:    []string{"negative", "positive"},
		Files: []fetch.File{
			{URL: "https://dl.fbaipublicfiles.com/glue/data/SST-2.zip", Size: 7439277, SHA256: "d67e16fb55739c1b32cdce9877596db1c127dc322d93c082281f64057c16deaa"},
		},
	},
}

// newsAddress is that of Zhang et al.'s own files, as torchtext and Hugging Face take
// them, at the commit that has not changed since.
const newsAddress = "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/555590db4219b1243abb1918effd6a7425a2d75f/data/ag_news_csv/"

const fashionAddress = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"

// KnownNames lists the names of the known sets.
func KnownNames() []string {
	names := make([]string, len(Known))
	for i, k := range Known {
		names[i] = k.Name
	}
	return names
}

// FindKnown returns a known set by name.
func FindKnown(name string) (KnownSet, bool) {
	for _, k := range Known {
		if k.Name == name {
			return k, true
		}
	}
	return KnownSet{}, false
}
