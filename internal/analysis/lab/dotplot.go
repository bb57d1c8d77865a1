package lab

import "math"

// picture is panels of dots, two beside each other, on logarithmic axes.
type picture struct {
	file, title, note string
	panels            []panel
}

type panel struct {
	title string
	axis  axis
	marks []mark
}

// mark is a line of a panel: one judge.
type mark struct {
	judge  string
	ours   bool
	hollow bool      // its dot is not to be taken at face value
	at     *float64  // where the dot is; nil: there is none
	to     *float64  // where the range that starts at the dot ends
	cloud  []float64 // faint dots
	label  string    // beside the dot
}

// axis is logarithmic. What is below its start is drawn at its start.
type axis struct {
	from, to float64
	limit    float64 // a line that means something; 0: none
	write    func(float64) string
}

// Sizes, in pixels.
const (
	names  = 225 // the width of the judges' names
	plot   = 230 // of the axis
	labels = 145 // of the dots' labels, beyond the axis' end
	lineUp = 20  // from mark to mark
	above  = 34  // for a panel's title
	below  = 34  // for its ticks
	header = 62  // for the picture's title and note
)

func (p picture) svg() []byte {
	var d drawing
	d.text(12, 24, "title", p.title)
	d.text(12, 44, "soft", p.note)
	y := float64(header)
	for i := 0; i < len(p.panels); i += 2 {
		tallest := 0.0
		for j, panel := range p.panels[i:min(i+2, len(p.panels))] {
			tallest = max(tallest, panel.draw(&d, float64(j)*(names+plot+labels), y))
		}
		y += tallest
	}
	return d.done(float64(min(2, len(p.panels)))*(names+plot+labels), y)
}

// draw puts the panel's left upper corner at x, y and gives its height.
func (p panel) draw(d *drawing, x, y float64) (height float64) {
	left, top := x+names, y+above
	bottom := top + lineUp*float64(len(p.marks))
	d.text(x+12, y+16, "head", p.title)
	for tick := p.axis.from; tick <= p.axis.to*1.001; tick *= 10 {
		at := left + p.axis.position(tick)
		d.line(at, top-6, at, bottom, "grid")
		d.text(at, bottom+16, "soft middle", p.axis.write(tick))
	}
	if p.axis.limit > 0 {
		at := left + p.axis.position(p.axis.limit)
		d.line(at, top-6, at, bottom, "limit")
	}
	for i, m := range p.marks {
		m.draw(d, p.axis, left, top+lineUp*(float64(i)+0.5))
	}
	return bottom + below - y
}

func (m mark) draw(d *drawing, a axis, left, y float64) {
	class := func(c string) string {
		if m.ours {
			c += " ours"
		}
		return c
	}
	d.text(left-10, y+4, class("end"), m.judge)
	right := left
	for _, x := range m.cloud {
		d.dot(left+a.position(x), y, 3, class("faint"))
		right = max(right, left+a.position(x))
	}
	if m.at != nil {
		at := left + a.position(*m.at)
		right = max(right, at)
		if m.to != nil {
			right = max(right, left+a.position(*m.to))
			d.line(at, y, right, y, class("range"))
		}
		dot := "dot"
		if m.hollow {
			dot += " hollow"
		}
		d.dot(at, y, 4.5, class(dot))
	}
	if m.at == nil && m.cloud == nil {
		right += plot
	}
	d.text(right+10, y+4, class(""), m.label)
}

// position is in pixels from the axis' start.
func (a axis) position(x float64) float64 {
	x = min(max(x, a.from), a.to)
	return plot * math.Log(x/a.from) / math.Log(a.to/a.from)
}
