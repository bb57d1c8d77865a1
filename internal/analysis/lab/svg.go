package lab

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// drawing is an SVG in the making. Lengths are in pixels; classes are those of style.
type drawing struct{ strings.Builder }

// style makes a picture readable on light and on dark ground, which stays the page's.
const style = `<style>
svg{font:12px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}
text{fill:#1f2328}.soft{fill:#656d76}.title{font-size:15px;font-weight:600}.head{font-weight:600}.end{text-anchor:end}.middle{text-anchor:middle}
.grid{stroke:#d8dee4}.limit{stroke:#bc4c00;stroke-dasharray:4 3}
.dot{fill:#656d76;stroke:#656d76}.faint{fill:#656d76;opacity:.25}.range{stroke:#656d76;stroke-width:3;opacity:.35}
.ours{fill:#0969da;stroke:#0969da}text.ours{stroke:none;font-weight:600}.faint.ours{stroke:none}.hollow{fill:none;stroke-width:1.5}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#8d96a0}.grid{stroke:#30363d}.limit{stroke:#f0883e}
.dot{fill:#8d96a0;stroke:#8d96a0}.faint{fill:#8d96a0}.range{stroke:#8d96a0}.ours{fill:#58a6ff;stroke:#58a6ff}text.ours{fill:#58a6ff}.hollow{fill:none}}
</style>
`

func (d *drawing) text(x, y float64, class, s string) {
	fmt.Fprintf(d, `<text x="%.1f" y="%.1f" class="%s">`, x, y, class)
	// A strings.Builder does not fail.
	_ = xml.EscapeText(d, []byte(s))
	d.WriteString("</text>\n")
}

func (d *drawing) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(d, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>`+"\n", x1, y1, x2, y2, class)
}

func (d *drawing) dot(x, y, radius float64, class string) {
	fmt.Fprintf(d, `<circle cx="%.1f" cy="%.1f" r="%.1f" class="%s"/>`+"\n", x, y, radius, class)
}

// done gives the file.
func (d *drawing) done(width, height float64) []byte {
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f">`+"\n%s%s</svg>\n",
		width, height, width, height, style, d.String())
}
