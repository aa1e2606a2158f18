package view

import "jisr/internal/media"

// Medium is a picture, sound or video of an item.
type Medium struct {
	Kind    string // image, audio, video or file
	Src     string // address here of what a page shows; empty while there is nothing to show
	File    string // address of the file itself; empty while its bytes are on their way
	Poster  string // address of a picture of a video, or of the wave of a sound
	Caption string
	Alt     string // for those who do not see it
	Credit  string
	Lang    string
	Width   int // pixels; 0 if unknown
	Height  int
	Size    int64 // bytes of the file; 0 if unknown
	Machine bool
	Pending bool           // previews are being made
	Notices []media.Notice // why something is not there, or not whole
}

// DraftMedium is a medium of a draft with what can be changed of it, as typed.
type DraftMedium struct {
	Medium
	Digest, Name               string
	Notice, Usage, CreditTyped string
}
