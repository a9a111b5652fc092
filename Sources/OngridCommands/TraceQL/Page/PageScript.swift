/// What moves on a page of traces: folding, zooming, searching, all by keyboard too. Without it the page shows every span.
enum PageScript {
  /// The page lets run what has this digest, and nothing else: SHA-256 in base64.
  static let digest = "aix58MymbfkPt4MbQxN4OR7y5kpa9/coJCYJXSZNg30="

  static let text = """
    'use strict';
    const $=(s,e=document)=>[...e.querySelectorAll(s)],rows=$('.r'),depth=rows.map(r=>+r.style.getPropertyValue('--d'));
    const byRow=new Map(rows.map((r,i)=>[r,i])),folded=new Set(),input=$('nav input')[0],output=$('nav output')[0];
    let at=-1,hits=[],criticalOnly=false;
    document.body.classList.add('on');
    const below=i=>{let j=i+1;while(j<rows.length&&rows[j].parentNode===rows[i].parentNode&&depth[j]>depth[i])j++;return j};
    rows.forEach((r,i)=>{if(below(i)>i+1){const b=document.createElement('button');b.tabIndex=-1;
    b.onclick=e=>{e.preventDefault();e.stopPropagation();fold(i);show()};r.querySelector('.n').prepend(b)}});
    function fold(i,to){if(below(i)===i+1)return;const is=folded.has(i);if(to===undefined?!is:to)folded.add(i);else folded.delete(i)}
    function show(){let until=-1;rows.forEach((r,i)=>{r.hidden=i<until||criticalOnly&&!r.classList.contains('c');
    if(i>=until&&folded.has(i)&&!criticalOnly)until=below(i);
    const b=r.querySelector('.n button');if(b){b.textContent=folded.has(i)?'\\u25b8':'\\u25be';
    b.setAttribute('aria-label',(folded.has(i)?'unfold ':'fold ')+(below(i)-i-1)+' spans')}})}
    function reveal(i){if(criticalOnly&&!rows[i].classList.contains('c'))criticalOnly=false;
    for(let j=i-1,d=depth[i];j>=0&&d>0;j--)if(depth[j]<d&&below(j)>i){d=depth[j];folded.delete(j)}show()}
    function go(i){if(i<0||i>=rows.length)return;if(at>=0)rows[at].classList.remove('at');at=i;reveal(i);
    rows[i].classList.add('at');rows[i].querySelector('summary').focus({preventScroll:true});
    rows[i].scrollIntoView({block:'nearest'})}
    function step(d){let i=at;do i+=d;while(i>=0&&i<rows.length&&rows[i].hidden);go(i)}
    function find(){const q=input.value.toLowerCase();hits=[];rows.forEach((r,i)=>{
    const hit=q!==''&&r.textContent.toLowerCase().includes(q);r.classList.toggle('hit',hit);if(hit)hits.push(i)});
    output.textContent=q===''?'':hits.length+(hits.length===1?' span':' spans')}
    function next(list,d){if(!list.length)return;const i=d>0?list.find(x=>x>at)??list[0]:list.findLast(x=>x<at)??list.at(-1);go(i)}
    const errors=()=>rows.flatMap((r,i)=>r.classList.contains('e')?[i]:[]);
    function label(ns){const f=(v,u)=>(v>=100?Math.floor(v):v>=10?Math.floor(v*10)/10:Math.floor(v*100)/100)+u;
    return ns<1e3?ns.toFixed(0)+'ns':ns<1e6?f(ns/1e3,'\\u00b5s'):ns<1e9?f(ns/1e6,'ms'):f(ns/1e9,'s')}
    function zoom(section,a,w){w=Math.min(1,Math.max(1e-6,w));a=Math.max(0,Math.min(1-w,a));
    section.dataset.a=a;section.dataset.w=w;section.style.setProperty('--a',a);section.style.setProperty('--k',1/w);
    const total=+section.dataset.ns;$('.axis div span',section).forEach((e,n)=>e.textContent=a+w*n===0?'0':label((a+w*n/4)*total))}
    function zoomTo(i){const b=rows[i].querySelector('.b i'),s=+b.style.getPropertyValue('--s'),w=+b.style.getPropertyValue('--w');
    zoom(rows[i].closest('section'),s-w*.05,w*1.1)}
    function widen(f){const s=(rows[at]||rows[0]).closest('section'),a=+(s.dataset.a||0),w=+(s.dataset.w||1);zoom(s,a+w/2-w*f/2,w*f)}
    function pan(d){const s=(rows[at]||rows[0]).closest('section'),a=+(s.dataset.a||0),w=+(s.dataset.w||1);zoom(s,a+w*d,w)}
    function foldAll(to){rows.forEach((r,i)=>{if(depth[i]>0||!to)fold(i,to)});show()}
    const actions={ArrowDown:()=>step(1),j:()=>step(1),ArrowUp:()=>step(-1),k:()=>step(-1),
    ArrowLeft:()=>{if(folded.has(at)||below(at)===at+1){let i=at-1;while(i>=0&&depth[i]>=depth[at])i--;if(depth[at]>0)go(i)}else{fold(at,true);show()}},
    ArrowRight:()=>{fold(at,false);show()},n:()=>next(hits,1),N:()=>next(hits,-1),e:()=>next(errors(),1),E:()=>next(errors(),-1),
    c:()=>{criticalOnly=!criticalOnly;show()},f:()=>foldAll(true),u:()=>foldAll(false),z:()=>at>=0&&zoomTo(at),
    '+':()=>widen(.5),'-':()=>widen(2),'<':()=>pan(-.25),'>':()=>pan(.25),
    '0':()=>$('section').forEach(s=>zoom(s,0,1)),'/':()=>input.focus()};
    document.addEventListener('keydown',e=>{if(e.ctrlKey||e.altKey||e.metaKey)return;
    if(e.target===input){if(e.key==='Escape'){input.value='';find();input.blur()}
    else if(e.key==='Enter'){e.preventDefault();next(hits,e.shiftKey?-1:1)}return}
    const action=actions[e.key];if(action){e.preventDefault();action()}});
    input.addEventListener('input',find);
    rows.forEach((r,i)=>r.querySelector('summary').addEventListener('click',()=>{if(at>=0)rows[at].classList.remove('at');at=i;r.classList.add('at')}));
    $('nav button').forEach(b=>b.onclick=()=>actions[b.dataset.k]());
    window.addEventListener('beforeprint',()=>foldAll(false));
    window.addEventListener('hashchange',target);
    function target(){const r=document.getElementById(location.hash.slice(1));if(byRow.has(r)){r.open=true;go(byRow.get(r))}}
    const bar=()=>document.body.style.setProperty('--nav',$('nav')[0].offsetHeight+'px');
    window.addEventListener('resize',bar);
    bar();show();target();
    """
}
