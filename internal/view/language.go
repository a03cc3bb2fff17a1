package view

import (
	"sslpipe/internal/functions"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

// Language is all that a pipeline file can say, as data. Descriptions, the language
// reference, JSON and JSON Schema are made of it.
type Language struct {
	Kinds    []plan.Kind
	Families []schema.Family
	// Sources are the data sets that are known by name.
	Sources   []Source
	Functions []functions.Function
	Words     []plan.Word
}

// Source is a data set that is known by name.
type Source struct {
	Name    string `json:"name"`
	Doc     string `json:"doc"`
	License string `json:"license"`
	Layout  string `json:"layout"`
	Shape   [3]int `json:"shape"`          // height, width, channels; zero for text
	Text    bool   `json:"text,omitempty"` // not images
	Example string `json:"example"`
}

// The topics besides the families, as describe calls them.
const (
	topicStage    = "stage"
	topicSource   = "source"
	topicFunction = "function"
	topicWord     = "word"
)

// topic is a list of entries under a name.
type topic struct {
	name  string
	title string
	// whole describes the topic itself.
	whole   func() Description
	entries []word
}

// word is one word that can be described.
type word struct {
	name     string
	describe func() Description
}

// topics lists everything that can be described.
func (l Language) topics() []topic {
	all := []topic{l.wordTopic(), l.stageTopic()}
	for _, f := range l.Families {
		all = append(all, l.familyTopic(f))
	}
	return append(all, l.sourceTopic(), l.functionTopic())
}

func (l Language) stageTopic() topic {
	t := topic{name: topicStage, title: "Stages"}
	list := Section{Title: "Kinds of stage"}
	for _, k := range l.Kinds {
		t.entries = append(t.entries, word{k.Name, func() Description { return DescribeKind(k) }})
		list.Items = append(list.Items, Item{Name: k.Name, Doc: k.Doc})
	}
	t.whole = func() Description {
		return Description{Title: topicStage, Doc: "A block of a pipeline file that does something: KIND \"NAME\" { ... }.", Sections: []Section{list}}
	}
	return t
}

func (l Language) familyTopic(f schema.Family) topic {
	t := topic{name: f.Name, title: sentence(f.Name) + "s", whole: func() Description { return DescribeFamily(f) }}
	for _, v := range f.Variants {
		t.entries = append(t.entries, word{v.Name, func() Description { return l.describeVariant(f, v) }})
	}
	return t
}

func (l Language) sourceTopic() topic {
	t := topic{name: topicSource, title: "Data sets"}
	known := Section{Title: "Known data sets"}
	for _, s := range l.Sources {
		t.entries = append(t.entries, word{s.Name, func() Description { return describeSource(s) }})
		known.Items = append(known.Items, Item{Name: s.Name, Note: "licence: " + s.License, Doc: s.Doc})
	}
	t.whole = func() Description {
		return Description{Title: topicSource, Doc: "Data sets that a download stage knows by name.", Sections: []Section{known}}
	}
	return t
}

func (l Language) functionTopic() topic {
	t := topic{name: topicFunction, title: "Functions"}
	groups := grouped(l.Functions, func(f functions.Function) Item { return Item{Name: f.Name, Doc: f.Doc} })
	for _, f := range l.Functions {
		t.entries = append(t.entries, word{f.Name, func() Description { return describeFunction(f) }})
	}
	t.whole = func() Description {
		return Description{Title: topicFunction, Doc: "What expressions can call.", Sections: groups}
	}
	return t
}

func (l Language) wordTopic() topic {
	t := topic{name: topicWord, title: "The language itself"}
	list := Section{Title: "Words of the language"}
	for _, w := range l.Words {
		t.entries = append(t.entries, word{w.Name, func() Description { return describeWord(w) }})
		list.Items = append(list.Items, Item{Name: w.Name, Note: wordForms[w.Form], Doc: w.Doc})
	}
	t.whole = func() Description {
		return Description{Title: topicWord, Doc: "Words of the language itself, and what it does.", Sections: []Section{list}}
	}
	return t
}

// grouped makes a section of the functions of each group, in order.
func grouped(functions []functions.Function, item func(functions.Function) Item) []Section {
	var sections []Section
	for _, f := range functions {
		if n := len(sections); n == 0 || sections[n-1].Title != f.Group {
			sections = append(sections, Section{Title: f.Group})
		}
		last := &sections[len(sections)-1]
		last.Items = append(last.Items, item(f))
	}
	return sections
}

// wordForms say where a word is written.
var wordForms = map[plan.WordForm]string{
	plan.TopBlock:       "block of a file",
	plan.StageAttribute: "attribute of any stage",
	plan.StageBlock:     "block of any stage",
	plan.InnerBlock:     "block of another word",
	plan.Values:         "names in expressions",
	plan.Concept:        "how the language works",
}
