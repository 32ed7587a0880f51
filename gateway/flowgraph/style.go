package flowgraph

// style colours the picture for light surroundings and, where the reader's
// system is dark, for dark ones. Rules are written out for both instead of using
// variables, which many SVG viewers do not know. Every text stands 4.5:1 or more
// from what is behind it (WCAG 2.2, 1.4.3).
const style = `
text{font-family:"Inter","Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif;font-size:13px;fill:#1c2430}
.name{font-size:20px;font-weight:700}
.sub,.item{font-size:11.5px;fill:#4a5565}
.id{font-weight:700}
.tag{font-size:11.5px;text-anchor:end;fill:#4a5565}
text.label{font-size:11.5px;text-anchor:middle}
rect.label{fill:#ffffff;stroke:#c4ccd8;stroke-width:.8}
.page{fill:#ffffff}
.start{fill:#1c2430}
.rule{stroke:#d5dbe4;fill:none}
.box{fill:#f3f5f8;stroke:#8b97a8;stroke-width:1.3}
.inner{fill:none;stroke:#b26a00;stroke-width:1}
.icon{fill:none;stroke:#1c2430;stroke-width:1.4;stroke-linecap:round}
.icon.full{fill:#1c2430;stroke:none}
.wait .box{fill:#e3eefc;stroke:#2f6fc0}
.contact .box{fill:#e3eefc;stroke:#b26a00;stroke-width:2.4}
.consent .box{fill:#ffe9bd;stroke:#b26a00;stroke-width:2}
.logic .box{fill:#efe6fa;stroke:#7a4fb5}
.outside .box{fill:#dcf3ef;stroke:#1d7d70}
.end .box{fill:#e2e5ea;stroke:#3f4a5a;stroke-width:2}
.wrong .box{stroke:#c02626;stroke-width:2;stroke-dasharray:6 4}
.bad{fill:#a31515;font-weight:700}
.way path{fill:none;stroke:#6b7789;stroke-width:1.5}
.way polygon{fill:#6b7789}
.way.granted path{stroke:#1f7a3d;stroke-width:2.2}
.way.granted polygon{fill:#1f7a3d}
.way.declined path{stroke:#b04a1a;stroke-dasharray:7 4}
.way.declined polygon{fill:#b04a1a}
.way.failed path{stroke:#8b5a2b;stroke-dasharray:2 4}
.way.failed polygon{fill:#8b5a2b}
.way.case path{stroke:#7a4fb5}
.way.case polygon{fill:#7a4fb5}
@media (prefers-color-scheme:dark){
text{fill:#e8ecf2}
.sub,.item,.tag{fill:#b4becd}
rect.label{fill:#161b22;stroke:#4c586a}
.page{fill:#161b22}
.start{fill:#e8ecf2}
.rule{stroke:#364152}
.box{fill:#252d38;stroke:#8b97a8}
.inner{stroke:#e0a030}
.icon{stroke:#e8ecf2}
.icon.full{fill:#e8ecf2;stroke:none}
.wait .box{fill:#1b3252;stroke:#6aa5ee}
.contact .box{fill:#1b3252;stroke:#e0a030}
.consent .box{fill:#4d3604;stroke:#e0a030}
.logic .box{fill:#372a4d;stroke:#b797e6}
.outside .box{fill:#103d38;stroke:#4fc0af}
.end .box{fill:#39424f;stroke:#c3cbd7}
.wrong .box{stroke:#ff7b72}
.bad{fill:#ff9d96}
.way path{stroke:#9aa6b7}
.way polygon{fill:#9aa6b7}
.way.granted path{stroke:#5fd08a}
.way.granted polygon{fill:#5fd08a}
.way.declined path{stroke:#f0955f}
.way.declined polygon{fill:#f0955f}
.way.failed path{stroke:#d3a36b}
.way.failed polygon{fill:#d3a36b}
.way.case path{stroke:#b797e6}
.way.case polygon{fill:#b797e6}
}`
