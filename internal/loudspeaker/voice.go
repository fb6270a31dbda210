package loudspeaker

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Voice reads a text aloud.
type Voice interface {
	// Name says which voice it is, for the receipt.
	Name() string
	// Ready tells whether it can speak on this machine; ErrNoVoice when its program is missing.
	Ready() error
	// Speak gives the sound as a WAV file. The text is already written out in words.
	Speak(ctx context.Context, text string) ([]byte, error)
}

// ErrNoVoice means that the program that speaks is not installed.
var ErrNoVoice = errors.New("loudspeaker: the program of the voice is not installed")

// DefaultCommand speaks with espeak-ng at the pace of a loudspeaker.
const DefaultCommand = "espeak-ng -v vi -s 110 -f {in} -w {out}"

// speakTime bounds one recording, and maxSound its size in bytes.
const (
	speakTime = 2 * time.Minute
	maxSound  = 64 << 20
)

// Command is a Voice behind any program of the command line. {in} stands for a file with the text and {out} for the WAV file
// to be written; without {in} the text comes on standard input, without {out} the sound is expected on standard output. No
// shell is involved: words are parted at spaces.
type Command struct{ args []string }

var _ Voice = Command{}

// NewCommand makes a voice from a line such as DefaultCommand, which "" stands for.
func NewCommand(line string) Command {
	args := strings.Fields(line)
	if len(args) == 0 {
		args = strings.Fields(DefaultCommand)
	}
	return Command{args}
}

// Name implements Voice: the program and its words without the places of files.
func (c Command) Name() string {
	out := []string{filepath.Base(c.args[0])}
	for _, a := range c.args[1:] {
		if !strings.Contains(a, "{") && a != "-f" && a != "-w" {
			out = append(out, a)
		}
	}
	return strings.Join(out, " ")
}

// Program is the program that must be installed.
func (c Command) Program() string { return c.args[0] }

// Ready implements Voice.
func (c Command) Ready() error {
	if _, err := exec.LookPath(c.args[0]); err != nil {
		return fmt.Errorf("%w: %w", ErrNoVoice, err)
	}
	return nil
}

// Speak implements Voice.
func (c Command) Speak(ctx context.Context, text string) ([]byte, error) {
	if err := c.Ready(); err != nil {
		return nil, err
	}
	return c.run(ctx, []byte(text+"\n"), "in.txt", "out.wav")
}

// run gives the program its input under one name and takes what it writes under another.
func (c Command) run(ctx context.Context, input []byte, inName, outName string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, speakTime)
	defer cancel()
	dir, err := os.MkdirTemp("", "loa-")
	if err != nil {
		return nil, fmt.Errorf("loudspeaker: %w", err)
	}
	defer os.RemoveAll(dir)
	in, out := filepath.Join(dir, inName), filepath.Join(dir, outName)
	if err := os.WriteFile(in, input, 0o600); err != nil {
		return nil, fmt.Errorf("loudspeaker: %w", err)
	}
	line := strings.Join(c.args, " ")
	args := make([]string, len(c.args))
	for i, a := range c.args {
		args[i] = strings.NewReplacer("{in}", in, "{out}", out).Replace(a)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.WaitDelay = time.Second
	if !strings.Contains(line, "{in}") {
		cmd.Stdin = bytes.NewReader(input)
	}
	var said strings.Builder
	cmd.Stderr = &said
	sound, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("loudspeaker: %s: %w: %.300s", c.args[0], err, said.String())
	}
	if strings.Contains(line, "{out}") {
		if sound, err = os.ReadFile(out); err != nil {
			return nil, fmt.Errorf("loudspeaker: %s wrote no file: %w", c.args[0], err)
		}
	}
	if len(sound) > maxSound {
		return nil, fmt.Errorf("loudspeaker: %s made %d bytes, more than a recording can have", c.args[0], len(sound))
	}
	return sound, nil
}

// Length is how long a WAV file plays. What is not a WAV file with sound in it is an error.
func Length(wav []byte) (time.Duration, error) {
	if len(wav) < 12 || string(wav[:4]) != "RIFF" || string(wav[8:12]) != "WAVE" {
		return 0, errors.New("loudspeaker: this is not a WAV file")
	}
	rate := uint32(0)
	for at := 12; at+8 <= len(wav); {
		name, size := string(wav[at:at+4]), int(binary.LittleEndian.Uint32(wav[at+4:]))
		at += 8
		switch {
		case name == "fmt " && at+16 <= len(wav):
			rate = binary.LittleEndian.Uint32(wav[at+8:])
		case name == "data" && rate > 0:
			size = min(size, len(wav)-at) // a program that writes to a pipe cannot know the size beforehand
			if size == 0 {
				return 0, errors.New("loudspeaker: the WAV file is silent")
			}
			return time.Duration(float64(size) / float64(rate) * float64(time.Second)), nil
		}
		if at += size + size%2; size < 0 {
			break
		}
	}
	return 0, errors.New("loudspeaker: the WAV file has no sound")
}

// encoders turn WAV into a smaller file, if their program is installed; the first one found is used.
var encoders = [...]struct {
	program, format string
	args            []string
}{
	{"lame", "mp3", []string{"--quiet", "-m", "m", "-b", "64", "{in}", "{out}"}},
	{"ffmpeg", "mp3", []string{"-loglevel", "error", "-y", "-i", "{in}", "-ac", "1", "-b:a", "64k", "{out}"}},
	{"oggenc", "ogg", []string{"-Q", "-q", "2", "-o", "{out}", "{in}"}},
}

// encode makes the file smaller where it can; otherwise the WAV file itself is kept, which every player knows.
func encode(ctx context.Context, wav []byte) (sound []byte, format string) {
	for _, e := range encoders {
		if _, err := exec.LookPath(e.program); err != nil {
			continue
		}
		c := Command{append([]string{e.program}, e.args...)}
		if sound, err := c.run(ctx, wav, "in.wav", "out."+e.format); err == nil && len(sound) > 0 && len(sound) < len(wav) {
			return sound, e.format
		}
	}
	return wav, "wav"
}
