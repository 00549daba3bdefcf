"""Takes the screenshots of the README from the demo's world. Run: make pictures (needs Chromium).

python -m docs.take_pictures demo-world     # where `koll demo` has run
"""

import base64
import re
import shutil
import sys
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import cast

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent / "pictures"
_MAIL = "→100"  # in the subject of the one mail that the demo is for


def find_mail(world: Path) -> EmailMessage:
    """Return the mail in which the member at the centre reaches the highest level. Raises LookupError without one."""
    for path in sorted((world / "mail" / "new").iterdir()):
        mail = cast(EmailMessage, message_from_bytes(path.read_bytes(), policy=default))
        if _MAIL in str(mail["Subject"]):
            return mail
    raise LookupError(f"{world}: no mail with {_MAIL} in its subject; run `koll demo` first")


def show_mail(mail: EmailMessage) -> str:
    """Return the mail as a page: sender, subject and the HTML part, with what it encloses put in."""
    body = mail.get_body(("html",))
    html = body.get_content() if body else ""
    for part in mail.walk():
        if (name := str(part["Content-ID"] or "").strip("<>")) and part.get_content_maintype() == "image":
            data = base64.b64encode(part.get_payload(decode=True) or b"").decode()  # type: ignore[arg-type]
            html = html.replace(f"cid:{name}", f"data:{part.get_content_type()};base64,{data}")
    head = (
        '<div style="font: 14px sans-serif; padding: 12px 16px; background: #eef1f4; color: #222">'
        f"<b>{mail['Subject']}</b><br>{mail['From'].addresses[0].addr_spec} → {mail['To']}</div>"
    )
    return re.sub(r"(<body[^>]*>)", lambda found: found[1] + head, html, count=1)


def take(page: Page, name: str, height: int) -> None:
    """Save the upper part of what the page shows."""
    page.screenshot(path=HERE / name, clip={"x": 0, "y": 0, "width": page.viewport_size["width"], "height": height})  # type: ignore[index]


def main() -> None:
    """Write the pictures."""
    world = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-world").absolute()
    browser_file = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_file, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 760, "height": 1000}, device_scale_factor=1.25)
        page.set_content(show_mail(find_mail(world)))
        take(page, "mail.png", 900)
        page = browser.new_page(viewport={"width": 1100, "height": 900}, device_scale_factor=1.25)
        page.goto((world / "page" / "index.html").as_uri())
        take(page, "page.png", 760)
        browser.close()


if __name__ == "__main__":
    main()
