"""Presses keys on a page of traces in a headless Chromium, and prints what is shown then, as a list in JSON.

    press_keys.py CHROMIUM PAGE
"""
import json
import os
import subprocess
import sys

to_browser, from_us = os.pipe()
to_us, from_browser = os.pipe()


def wire():
    # The lowest free numbers may be these two already.
    a, b = os.dup(to_browser), os.dup(from_browser)
    os.dup2(a, 3)
    os.dup2(b, 4)


browser = subprocess.Popen(
    [sys.argv[1], "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "about:blank"],
    preexec_fn=wire, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
count, pending = 0, b""


def call(method, session=None, **parameters):
    global count, pending
    count += 1
    message = {"id": count, "method": method, "params": parameters}
    if session:
        message["sessionId"] = session
    os.write(from_us, json.dumps(message).encode() + b"\0")
    while True:
        while b"\0" not in pending:
            pending += os.read(to_us, 65536)
        text, _, pending = pending.partition(b"\0")
        answer = json.loads(text)
        if answer.get("id") == count:
            return answer.get("result", answer)


target = call("Target.createTarget", url="about:blank")["targetId"]
session = call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
call("Page.enable", session)
call("Page.navigate", session, url="file://" + sys.argv[2])


def js(expression):
    return call("Runtime.evaluate", session, expression=expression, returnByValue=True)["result"].get("value")


while js("document.body?.className") != "on":
    pass


def press(*keys):
    for key in keys:
        text = {} if len(key) > 1 else {"text": key}
        code = {"Enter": 13, "Escape": 27, "ArrowDown": 40, "ArrowLeft": 37, "ArrowRight": 39}.get(key, 0)
        call("Input.dispatchKeyEvent", session, type="keyDown", key=key, windowsVirtualKeyCode=code, **(text if key != "Enter" else {"text": "\r"}))
        call("Input.dispatchKeyEvent", session, type="keyUp", key=key, windowsVirtualKeyCode=code)


shown = "[...document.querySelectorAll('.r')].filter(r=>!r.hidden).length"
at = "document.querySelector('.at')?.querySelector('.n').innerText.replace(/[^ -~]/g,'').trim()"
result = [js(shown)]
press("/", *"HGETALL", "Enter")
result += [js("document.querySelector('nav output').textContent"), js(at)]
press("Enter")
press("Escape")
press("f")
result.append(js(shown))
press("u")
result.append(js(shown))
press("c")
result.append(js(shown))
press("c")
press("e")
result.append(js(at))
press("ArrowLeft")
result.append(js(shown))
press("ArrowRight")
press("z")
result.append(js("document.querySelector('section').style.getPropertyValue('--k') > 1"))
press("0")
result.append(js("document.querySelector('.axis div').innerText.split('\\n').pop()"))
press("Enter")
result.append(js("document.querySelector('.at').open"))
print(json.dumps(result))
browser.kill()
