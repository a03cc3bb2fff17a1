package doctor_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sslpipe/internal/doctor"
)

// askedVariable makes the test's program ask the driver and print what it says: the
// dynamic linker reads LD_LIBRARY_PATH when a process begins.
const askedVariable = "SSLPIPE_TEST_ASK_DRIVER"

func TestMain(m *testing.M) {
	if os.Getenv(askedVariable) != "" {
		d, err := doctor.AskDriver()
		fmt.Println(d, err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// The driver is asked through its library, here one that is made up.
func TestAskDriver(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		flags []string
		want  string
	}{
		"two GPUs":     {nil, "{12040 [{Made-up 0 1073741824 9 0} {Made-up 1 2147483648 9 1}]} <nil>"},
		"none visible": {[]string{"-DINIT=100"}, "{12040 []} <nil>"},
		"failing":      {[]string{"-DINIT=999"}, "{0 []} cuInit fails with CUDA error 999"},
		"no driver's":  {[]string{"-DLACKING"}, "{0 []} libcuda.so.1 lacks functions of a driver"},
	} {
		build := exec.Command("cc", append(c.flags, "-shared", "-fPIC", "-o", filepath.Join(dir, "libcuda.so.1"), "testdata/libcuda.c")...)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if got := asked(t, dir); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestAskDriverThatIsNotThere(t *testing.T) {
	if got := asked(t, t.TempDir()); !strings.Contains(got, "its library libcuda.so.1 is not found") {
		if _, err := os.Stat("/dev/nvidia0"); err == nil {
			t.Skip("this machine has a driver")
		}
		t.Errorf("got %s", got)
	}
}

func asked(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), askedVariable+"=1", "LD_LIBRARY_PATH="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}
