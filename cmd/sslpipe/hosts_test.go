package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/report"
)

// Hosts are network namespaces, each with an address of its own, joined by a bridge.
// The whole test runs in a namespace of its own, with which all of them go.

// insideHosts says that this process is in that namespace.
const insideHosts = "SSLPIPE_TEST_HOSTS"

// alone makes a command run in new namespaces of network and mounts.
func alone(name string, args ...string) *exec.Cmd {
	unshare := []string{"--net", "--mount"}
	if os.Getuid() != 0 {
		unshare = append(unshare, "--user", "--map-root-user")
	}
	return exec.Command("unshare", append(append(unshare, name), args...)...)
}

func TestHosts(t *testing.T) {
	if os.Getenv(insideHosts) == "" {
		if out, err := alone("sh", "-c", "ip link add br0 type bridge && mount -t tmpfs none /run && ip netns add host && nsenter --net=/run/netns/host true").CombinedOutput(); err != nil {
			t.Skipf("this machine makes no network namespaces: %v\n%s", err, out)
		}
		cmd := alone(os.Args[0], "-test.run=^TestHosts$", "-test.v", "-test.timeout=10m")
		cmd.Env = append(os.Environ(), insideHosts+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	addresses := makeHosts(t, 6)
	t.Run("cut", func(t *testing.T) { testHostIsCutOff(t, addresses[:4]) })
	t.Run("rotation", func(t *testing.T) { testHostsCompute(t, addresses[4:]) })
}

// command runs a program to its end.
func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// makeHosts makes n hosts, and returns an address on each.
func makeHosts(t *testing.T, n int) []string {
	t.Helper()
	ip := func(line string, args ...any) {
		t.Helper()
		command(t, "ip", strings.Fields(fmt.Sprintf(line, args...))...)
	}
	command(t, "mount", "-t", "tmpfs", "none", "/run")
	ip("link add br0 type bridge")
	ip("link set br0 up")
	addresses := make([]string, n)
	for i := range addresses {
		ip("netns add host%d", i)
		ip("link add port%d type veth peer name eth0 netns host%d", i, i)
		ip("link set port%d master br0 up", i)
		ip("-n host%d addr add 10.77.0.%d/24 dev eth0", i, i+1)
		ip("-n host%d link set eth0 up", i)
		ip("-n host%d link set lo up", i)
		addresses[i] = fmt.Sprintf("10.77.0.%d:2222", i+1)
	}
	return addresses
}

// onHost makes a command run on the host that has an address.
func onHost(address string, cmd *exec.Cmd) *exec.Cmd {
	i := address[len("10.77.0.")] - '1'
	there := exec.Command("nsenter", append([]string{fmt.Sprintf("--net=/run/netns/host%d", i)}, cmd.Args...)...)
	there.Dir, there.Env = cmd.Dir, cmd.Env
	return there
}

// succeed waits for all of a team.
func succeed(t *testing.T, team []*participant) {
	t.Helper()
	for i, m := range team {
		if err := m.wait(t); err != nil {
			t.Fatalf("process %d: %v\n%s", i, err, &m.stderr)
		}
	}
}

// shortRotation is pipelines/rotation.hcl with few images and steps, and with optimisers
// that do not make a step of the sign of a gradient which is almost zero.
func shortRotation(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), "pipelines", "rotation.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	short := string(text)
	for _, change := range [][2]string{
		{"pretext \"rotation\" {}\n", "pretext \"rotation\" {}\n  cluster { batch_norm = \"synchronised\" }\n"},
		{"decay            = 0.2\n", "decay            = 0.2\n  min_steps = 4\n  cluster { batch_norm = \"synchronised\" }\n"},
		{`layers = ["pooled", "block_9", "block_6", "block_4"]`, `layers = ["block_9"]`},
		{"validate_every   = 40\n", "validate_every   = 4\n"},
		{"validation_per_class = 50\n", "validation_per_class = 5\n  test_per_class = 20\n"},
		{`optimizer "adamw" { learning_rate = 1e-2 }`, `optimizer "sgd" { learning_rate = 0.02 }`},
		{`optimizer "adamw" { learning_rate = 3e-3 }`, `optimizer "sgd" { learning_rate = 0.02 }`},
	} {
		if strings.Count(short, change[0]) != 1 {
			t.Fatalf("pipelines/rotation.hcl does not have %q once", change[0])
		}
		short = strings.Replace(short, change[0], change[1], 1)
	}
	file := filepath.Join(t.TempDir(), "rotation.hcl")
	if err := os.WriteFile(file, []byte(short), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Two hosts make the table that one process makes, to rounding, which the first steps of
// MobileNetV2 blow up: step 1 has the same loss to 1e-6, and step 2 to 4e-3, just as with
// one process that computes by TensorFlow's own layers.
func testHostsCompute(t *testing.T, addresses []string) {
	t.Parallel()
	dir, file := t.TempDir(), shortRotation(t)
	run := func(int) *exec.Cmd {
		return program(t, dir, "run", file, "--lock=false", "--var", "epochs=1", "--var", "unlabelled=128", "--var", "seeds=1",
			"--var", "pretrainings=1", "--var", "labels=[5]", "--var", "max_steps=4")
	}
	if out, err := run(0).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	succeed(t, startTeam(t, addresses, func(i int) *exec.Cmd { return onHost(addresses[i], run(i)) }))
	reports, err := filepath.Glob(filepath.Join(dir, ".sslpipe", "runs", "*", "report.json"))
	if err != nil || len(reports) != 2 {
		t.Fatalf("reports: %q, %v", reports, err)
	}
	one, two := scores(t, reports[0]), scores(t, reports[1])
	if len(one) != 5 || len(two) != 5 {
		t.Fatalf("the tables are %v and %v", one, two)
	}
	for arm, want := range one {
		got, ok := two[arm]
		if !ok || math.Abs(got["accuracy"]-want["accuracy"]) > 0.05 {
			t.Errorf("%s is right in %v of images on two hosts, on one in %v", arm, got["accuracy"], want["accuracy"])
		}
		if math.Abs(got["log_loss"]-want["log_loss"]) > 0.05*want["log_loss"] {
			t.Errorf("%s has a log-loss of %v on two hosts, on one %v", arm, got["log_loss"], want["log_loss"])
		}
	}
	if one["scratch"]["log_loss"] == two["scratch"]["log_loss"] {
		t.Error("one process and two hosts made the same classifier: were there two?")
	}
}

// scores are those of the only run of each arm.
func scores(t *testing.T, file string) map[string]map[string]float64 {
	t.Helper()
	r, err := report.Read(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	arms := map[string]map[string]float64{}
	for _, run := range r.Evaluations[0].Sets[0].Runs {
		arms[run.Arm] = run.Values
	}
	return arms
}

// Four hosts train as one process does. One that is cut off ends the run by name, and the
// same command goes on to the bits of a run that nothing happened to.
func testHostIsCutOff(t *testing.T, addresses []string) {
	t.Parallel()
	run := func(dir string) *exec.Cmd {
		return workersRun(t, dir, "--until", "pretrain.*", "--var", "epochs=10", "--checkpoint-every", "50ms")
	}
	start := func(dir string) []*participant {
		return startTeam(t, addresses, func(i int) *exec.Cmd { return onHost(addresses[i], run(dir)) })
	}
	alone, straight, cut := t.TempDir(), t.TempDir(), t.TempDir()
	if out, err := run(alone).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	succeed(t, start(straight))
	const steps = 8 // then differences of rounding have grown
	compareLosses(t, "on four hosts", pretrainLosses(t, straight)[:steps], pretrainLosses(t, alone)[:steps])

	team := start(cut)
	untilCheckpoint(t, cut, team[0])
	command(t, "ip", "link", "set", "port2", "down")
	began := time.Now()
	if err := team[0].wait(t); err == nil {
		t.Fatal("the run went on without a host")
	}
	t.Logf("the chief ended %v after the cut", time.Since(began))
	for _, want := range []string{"the worker at 10.77.0.3:2222 is lost", "same command on all machines"} {
		if !strings.Contains(team[0].stderr.String(), want) {
			t.Errorf("the chief said nothing of %q:\n%s", want, &team[0].stderr)
		}
	}
	for _, m := range team[1:] {
		if err := m.wait(t); err == nil || !strings.Contains(m.stderr.String(), "the chief, is gone") {
			t.Errorf("without a chief a worker ended with %v:\n%s", err, &m.stderr)
		}
	}

	command(t, "ip", "link", "set", "port2", "up")
	succeed(t, start(cut))
	if diff := cmp.Diff(results(t, straight), results(t, cut)); diff != "" {
		t.Errorf("the run that was cut made other results:\n%s", diff)
	}
}

// pretrainLosses are those of each step of the only training in dir.
func pretrainLosses(t *testing.T, dir string) []float64 {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, ".sslpipe", "cache", "objects", "*", "losses.csv"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files with losses: %q, %v", files, err)
	}
	return lossesIn(t, files[0])
}
