package view

import (
	"fmt"
	"slices"
	"strings"

	"sslpipe/internal/schema"
)

// match is something that a name can mean.
type match struct {
	topic    string // "" if it is the topic itself
	name     string
	describe func() Description
}

// Describe returns the text about a word: an overview for none, otherwise what the
// word means, which may need the name of its topic in front. The error is for
// whoever wrote the word.
func (l Language) Describe(args []string) (Description, error) {
	if len(args) == 0 {
		return l.overview(), nil
	}
	name := strings.Join(args, " ")
	switch found := l.find(name); {
	case len(found) == 1:
		return found[0].describe(), nil
	case len(found) > 1:
		return Description{}, ambiguous(name, found)
	case len(args) > 1:
		return l.within(args[0], strings.Join(args[1:], " "))
	}
	return Description{}, fmt.Errorf("there is nothing to describe under %q; sslpipe describe lists all words.%s",
		name, schema.DidYouMean(name, l.Names()))
}

// find returns everything that is called by a name.
func (l Language) find(name string) []match {
	var found []match
	for _, t := range l.topics() {
		if t.name == name {
			found = append(found, match{name: name, describe: t.whole})
		}
		for _, e := range t.entries {
			if e.name == name {
				found = append(found, match{topic: t.name, name: name, describe: e.describe})
			}
		}
	}
	return found
}

func ambiguous(name string, found []match) error {
	var ways []string
	for _, m := range found {
		ways = append(ways, strings.TrimSpace("sslpipe describe "+m.topic+" "+name))
	}
	return fmt.Errorf("%q is more than one thing, say which:\n  %s", name, strings.Join(ways, "\n  "))
}

// within looks a name up in one topic.
func (l Language) within(topicName, name string) (Description, error) {
	topics := l.topics()
	var names []string
	for _, t := range topics {
		names = append(names, t.name)
	}
	i := slices.Index(names, topicName)
	if i < 0 {
		return Description{}, fmt.Errorf("there is no topic %q; there are %s.%s",
			topicName, strings.Join(names, ", "), schema.DidYouMean(topicName, names))
	}
	known := topics[i].names()
	if at := slices.Index(known, name); at >= 0 {
		return topics[i].entries[at].describe(), nil
	}
	const most = 20
	all := "sslpipe describe " + topicName + " lists them"
	if len(known) <= most {
		all = "known are " + strings.Join(known, ", ")
	}
	return Description{}, fmt.Errorf("there is no %s %q; %s.%s", topicName, name, all, schema.DidYouMean(name, known))
}

func (t topic) names() []string {
	names := make([]string, len(t.entries))
	for i, e := range t.entries {
		names[i] = e.name
	}
	return names
}

// Names lists all words that can be described, topics too, each once.
func (l Language) Names() []string {
	var names []string
	for _, t := range l.topics() {
		names = append(append(names, t.name), t.names()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// NamesIn lists the words of a topic; none for something else.
func (l Language) NamesIn(topicName string) []string {
	for _, t := range l.topics() {
		if t.name == topicName {
			return t.names()
		}
	}
	return nil
}

// overview lists every word by its topic.
func (l Language) overview() Description {
	d := Description{Title: "sslpipe describe WORD", Doc: "Explains a word of the pipeline language. A word that means several things needs its topic in front: sslpipe describe function values. A topic alone lists its words with a sentence about each."}
	stages := Section{Title: "Stages (topic stage)"}
	for _, k := range l.Kinds {
		stages.Items = append(stages.Items, Item{Name: k.Name, Doc: k.Doc})
	}
	families := Section{Title: "What stages are made of (topics of their own)"}
	for _, t := range l.topics() {
		if t.name != topicStage && t.name != topicFunction && t.name != topicWord {
			families.Items = append(families.Items, Item{Name: t.name, Doc: strings.Join(t.names(), ", ")})
		}
	}
	words := Section{Title: "The language itself (topic word)"}
	var names []string
	for _, w := range l.Words {
		names = append(names, w.Name)
	}
	words.Text = strings.Join(names, ", ")
	functions := Section{Title: "Functions (topic function)"}
	for _, g := range l.functionTopic().whole().Sections {
		var names []string
		for _, item := range g.Items {
			names = append(names, item.Name)
		}
		functions.Items = append(functions.Items, Item{Name: g.Title, Doc: strings.Join(names, ", ")})
	}
	d.Sections = []Section{stages, families, words, functions}
	return d
}
