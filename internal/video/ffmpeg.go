package video

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// FFmpeg is a Stiller that asks the program ffmpeg of the machine.
type FFmpeg struct{ path string }

// FindFFmpeg looks for ffmpeg; nil when the machine has none. An own command, "" usually, is taken first.
func FindFFmpeg(command string) Stiller {
	if command == "" {
		command = "ffmpeg"
	}
	path, err := exec.LookPath(command)
	if err != nil {
		return nil
	}
	return FFmpeg{path: path}
}

const stillTime = 60 * time.Second

// Still implements Stiller: the picture at the first second, or the first one of a shorter film.
func (f FFmpeg) Still(ctx context.Context, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, stillTime)
	defer cancel()
	var err error
	for _, at := range []string{"1", "0"} {
		var out, words bytes.Buffer
		cmd := exec.CommandContext(ctx, f.path, "-nostdin", "-loglevel", "error", "-ss", at, "-i", path, "-frames:v", "1", "-f", "image2", "-c:v", "mjpeg", "pipe:1")
		cmd.Stdout, cmd.Stderr = &out, &words
		if err = cmd.Run(); err == nil && out.Len() > 0 {
			return out.Bytes(), nil
		}
		err = errors.Join(err, fmt.Errorf("ffmpeg: %.200s", words.String()))
	}
	return nil, err
}
