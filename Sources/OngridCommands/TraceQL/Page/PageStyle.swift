/// How a page of traces looks: light or dark as the reader's system says, from 400 pixels up, and on paper.
enum PageStyle {
  static let text = """
    :root{color-scheme:light dark;--fg:#1b1f24;--dim:#57606a;--bg:#fff;--line:#d8dee4;--soft:#f3f5f7;--bad:#b42318;--mark:#fff3bf;--bar:42%;--word:30%;--own:#1b1f24}
    @media (prefers-color-scheme:dark){:root{--fg:#e6e9ec;--dim:#9aa4ae;--bg:#14171a;--line:#30363d;--soft:#1d2125;--bad:#ff8a7a;--mark:#4d4100;--bar:58%;--word:74%;--own:#f0f3f6}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--bg);color:var(--fg);font:14px/1.4 system-ui,sans-serif}
    main{padding:0 16px 48px}
    h1{font-size:18px;margin:16px 0 4px;overflow-wrap:anywhere}
    h2{font-size:15px;margin:28px 0 4px;overflow-wrap:anywhere}
    p{margin:2px 0;color:var(--dim)}
    code,.i,dd i{font-family:ui-monospace,monospace;font-size:12px;font-style:normal}
    a{color:inherit}
    .bad{color:var(--bad)}
    nav{position:sticky;top:0;z-index:2;display:none;gap:8px;flex-wrap:wrap;align-items:center;padding:8px 16px;background:var(--bg);border-bottom:1px solid var(--line)}
    .on nav{display:flex}
    nav input{font:inherit;width:min(22em,60vw);padding:3px 8px;color:inherit;background:var(--soft);border:1px solid var(--line);border-radius:4px}
    nav button{font:inherit;padding:3px 10px;color:inherit;background:var(--soft);border:1px solid var(--line);border-radius:4px;cursor:pointer}
    nav output{color:var(--dim)}
    nav output:not(:empty){min-width:5em}
    kbd{font:11px ui-monospace,monospace;border:1px solid var(--line);border-radius:3px;padding:0 3px;color:var(--dim)}
    .legend{display:flex;flex-wrap:wrap;gap:2px 14px;margin:6px 0}
    .legend span::before{content:"";display:inline-block;width:10px;height:10px;margin-right:5px;background:hsl(var(--h) 55% var(--bar))}
    .axis,summary{display:grid;grid-template-columns:minmax(240px,36%) minmax(70px,11%) 76px 1fr;column-gap:10px;align-items:center}
    .axis{position:sticky;top:0;z-index:1;background:var(--bg);color:var(--dim);font-size:12px;border-bottom:1px solid var(--line)}
    .on .axis{top:var(--nav,0)}
    .axis div{grid-column:4;display:flex;justify-content:space-between}
    .r{border-bottom:1px solid transparent;scroll-margin-top:calc(var(--nav,0px) + 24px)}
    summary{scroll-margin-top:calc(var(--nav,0px) + 24px)}
    .r[hidden]{display:none}
    summary{list-style:none;cursor:pointer;min-height:24px;padding:1px 0}
    summary::-webkit-details-marker{display:none}
    summary:hover,.r[open]>summary{background:var(--soft)}
    .at>summary{outline:2px solid var(--own);outline-offset:-2px}
    .hit>summary{background:var(--mark)}
    .n{padding-left:calc(min(var(--d),24)*12px + 16px);position:relative;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
    .n button{position:absolute;left:calc(min(var(--d),24)*12px - 3px);top:0;width:18px;height:19px;padding:0;border:0;background:none;color:var(--dim);font:12px/19px system-ui,sans-serif;cursor:pointer}
    .e .n{color:var(--bad)}
    .v{color:hsl(var(--h) 60% var(--word));overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
    .t{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
    .b{position:relative;height:14px;overflow:hidden;background:linear-gradient(90deg,var(--line) 1px,transparent 1px) 0 0/25% 100%}
    .b i,.b b{position:absolute;left:calc((var(--s) - var(--a,0))*var(--k,1)*100%);width:max(2px,calc(var(--w)*var(--k,1)*100%))}
    .b i{top:2px;bottom:2px;background:hsl(var(--h) 55% var(--bar));border-radius:1px}
    .e .b i{background:var(--bad)}
    .b b{bottom:0;height:3px;background:var(--own)}
    .x{margin:2px 0 10px calc(min(var(--d),24)*12px + 16px);padding:6px 10px;border-left:3px solid hsl(var(--h) 55% var(--bar));background:var(--soft);overflow-wrap:anywhere}
    dl{display:grid;grid-template-columns:minmax(120px,max-content) 1fr;gap:1px 14px;margin:4px 0}
    dt{color:var(--dim)}
    dd{margin:0;white-space:pre-wrap}
    footer{color:var(--dim);margin-top:28px}
    footer div{columns:34em;column-gap:40px}
    footer dl{break-inside:avoid;border-top:1px solid var(--line);padding-top:4px}
    footer dl:target{background:var(--mark)}
    @media (max-width:720px){
    nav{position:static}
    .r,summary{scroll-margin-top:44px}
    .on .axis{top:0}
    main{padding:0 8px 32px}
    .axis,summary{grid-template-columns:1fr auto auto;column-gap:8px}
    .axis div{grid-column:1/-1}
    .b{grid-column:1/-1}
    .v{max-width:28vw}
    .r{border-bottom-color:var(--line)}
    nav .keys{display:none}
    dl{grid-template-columns:1fr;gap:0}
    dd{margin-bottom:4px}
    }
    @media print{
    :root{--fg:#000;--dim:#444;--bg:#fff;--line:#bbb;--soft:#fff;--bad:#a00;--bar:42%;--word:25%;--own:#000}
    nav,.n button{display:none!important}
    .axis{position:static}
    *{print-color-adjust:exact;-webkit-print-color-adjust:exact}
    summary,dl{break-inside:avoid}
    body{font-size:10px}
    code,.i,dd i,.axis{font-size:9px}
    }
    """
}
