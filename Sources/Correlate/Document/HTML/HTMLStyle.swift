/// How the page looks, in light and in dark.
enum HTMLStyle {
  static let css = """
    :root{color-scheme:light dark;--back:#fff;--text:#1c2024;--dim:#60646c;--line:#d9dce1;--card:#f7f8fa;--accent:#1a62c4;\
    --bad:#b3261e;--badback:#fdecea;--now:#8a5a00;--window:#1a62c41f;--bar:#7aa7e0;--critical:#1a62c4}
    @media(prefers-color-scheme:dark){:root{--back:#15181c;--text:#e6e8eb;--dim:#a0a5ad;--line:#353a41;--card:#1d2126;\
    --accent:#7db1f5;--bad:#ff8f85;--badback:#3b1f1d;--now:#e0b050;--window:#7db1f526;--bar:#456a9c;--critical:#7db1f5}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--back);color:var(--text);font:15px/1.5 system-ui,sans-serif}
    main{max-width:1180px;margin:0 auto;padding:16px}
    h1{font-size:1.4rem;line-height:1.25;margin:.2em 0 .5em;overflow-wrap:anywhere}
    h2{font-size:1.05rem;margin:1.8em 0 .5em;border-bottom:1px solid var(--line);padding-bottom:.2em}
    dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:0}
    dt{color:var(--dim)}
    dd{margin:0;overflow-wrap:anywhere}
    .suspect{background:var(--badback);border-left:4px solid var(--bad);padding:8px 12px;margin:12px 0;overflow-wrap:anywhere}
    .scroll{overflow-x:auto}
    table{border-collapse:collapse;width:100%;font-size:.87rem}
    th,td{text-align:left;padding:4px 10px 4px 0;border-bottom:1px solid var(--line);vertical-align:top}
    th{color:var(--dim);font-weight:500;white-space:nowrap}
    td{font-variant-numeric:tabular-nums;white-space:nowrap}
    td.wide{white-space:normal;min-width:15em;overflow-wrap:anywhere}
    tr.changed td:first-child{box-shadow:inset 3px 0 var(--bad);padding-left:9px}
    code,pre,.mono{font:.84rem/1.45 ui-monospace,monospace}
    code{overflow-wrap:anywhere}
    .dim{color:var(--dim)}
    .bad{color:var(--bad)}
    .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(260px,1fr));gap:12px}
    figure{margin:0;background:var(--card);border:1px solid var(--line);padding:8px 10px}
    figcaption{font-size:.82rem;color:var(--dim);display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 10px}
    figcaption b{color:var(--text);font-weight:600}
    svg{display:block;max-width:100%}
    .chart{width:100%;height:90px}
    .window{fill:var(--window)}
    .onset{fill:var(--bad);opacity:.18}
    .onsetline{stroke:var(--bad);stroke-width:1.5;stroke-dasharray:4 3}
    .series{fill:none;stroke:var(--accent);stroke-width:1.6}
    .dot{fill:var(--accent)}
    .graph{max-width:none}
    .graph rect{fill:var(--card);stroke:var(--line)}
    .graph .changed rect{stroke:var(--bad);stroke-width:2}
    .graph text{fill:var(--text);font:12px system-ui,sans-serif}
    .graph .note{fill:var(--dim);font-size:10.5px;paint-order:stroke;stroke:var(--back);stroke-width:4px}
    .graph path{fill:none;stroke:var(--dim);stroke-width:1.2}
    .graph path.changed{stroke:var(--bad);stroke-width:2.4}
    .graph .note.changed{fill:var(--bad)}
    .fall{font-size:.82rem}
    .row{display:grid;grid-template-columns:minmax(0,5fr) 62px minmax(0,6fr);gap:8px;align-items:center;border-bottom:1px solid var(--line)}
    .row .name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
    .row .time{text-align:right;font-variant-numeric:tabular-nums}
    .row .track{position:relative;height:12px}
    .row .track i{position:absolute;top:1px;bottom:1px;background:var(--bar);min-width:2px}
    .row .track i.critical{background:var(--critical)}
    .row .track i.error{background:var(--bad)}
    .row .more{grid-column:1/-1;white-space:normal;overflow-wrap:anywhere}
    ul{padding-left:1.2em;margin:.4em 0}
    details summary{cursor:pointer;color:var(--accent)}
    a{color:var(--accent)}
    @media(max-width:560px){main{padding:10px}dl{grid-template-columns:1fr;gap:0}dt{margin-top:6px}\
    .row{grid-template-columns:minmax(0,1fr) 58px}.row .track{grid-column:1/-1}}
    """
}
