package main

import (
	"testing"
	"time"

	"sslpipe/internal/tf"
)

func TestMeetings(t *testing.T) {
	op := func(typ string, began, took time.Duration) tf.OpTime {
		return tf.OpTime{Type: typ, Began: 1000 + began, Time: took}
	}
	meeting, waiting := meetings([]tf.OpTime{
		op("Conv2D", 0, 10), op("CollectiveReduce", 5, 10), op("CollectiveReduce", 12, 8), op("MatMul", 18, 4), op("CollectiveGather", 30, 3),
	})
	if meeting != 18 || waiting != 11 { // 5 to 20 and 30 to 33; 10 to 18 and 30 to 33
		t.Errorf("collectives took %d, alone %d, want 18 and 11", meeting, waiting)
	}
}

func TestExchanged(t *testing.T) {
	got := exchanged([]tf.OpTraffic{{Type: "CollectiveReduce", Read: 4000}, {Type: "Conv2D", Read: 9}, {Type: "CollectiveGather", Read: 100}}, 4)
	if want := (exchange{collectives: 2, bytes: 6000 + 300}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
