"""A picture of a page after it has been looked at for a while, taken in Chromium over its own protocol.

    picture.py ADDRESS FILE SECONDS light|dark

Waits SECONDS, and then until the page says that all is well, for as long again.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time

WIDTH, HEIGHT = 1200, 1000


class Browser:
    """One tab of a Chromium without a window. It reads its orders from descriptor 3, and answers on 4."""

    def __init__(self, profile):
        (orders, self.to), (self.answers, answers) = os.pipe(), os.pipe()
        program = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
                   "--disable-dev-shm-usage", "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        shell = ["sh", "-c", f'exec "$@" 3<&{orders} 4>&{answers}', "sh", *program]
        self.child = subprocess.Popen(shell, pass_fds=(orders, answers), stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(orders)
        os.close(answers)
        self.number, self.session, self.rest = 0, None, b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def call(self, method, **parameters):
        self.number += 1
        order = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            order["sessionId"] = self.session
        os.write(self.to, json.dumps(order).encode() + b"\0")
        while True:
            message, found, self.rest = self.rest.partition(b"\0")
            if not found:
                more = os.read(self.answers, 1 << 20)
                if not more:
                    raise SystemExit("chromium ended")
                self.rest = message + more
                continue
            answer = json.loads(message)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]

    def ask(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")


def main():
    address, path, seconds, scheme = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        try:
            browser.call("Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT, deviceScaleFactor=1, mobile=False)
            browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            browser.call("Page.navigate", url=address)
            time.sleep(seconds)
            until = time.monotonic() + seconds
            while browser.ask("document.getElementById('verdict')?.textContent") != "running":
                if time.monotonic() > until:
                    raise SystemExit(f"the page never said that the router runs: {browser.ask('document.body.innerText')}")
                time.sleep(0.2)
            picture = browser.call("Page.captureScreenshot", format="png")
            with open(path, "wb") as out:
                out.write(base64.b64decode(picture["data"]))
        finally:
            browser.child.kill()
            browser.child.wait()


if __name__ == "__main__":
    main()
