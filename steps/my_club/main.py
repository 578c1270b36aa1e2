from pathlib import Path

from fastapi import FastAPI

app = FastAPI()
app.frontend("/", directory=Path(__file__).parent.parent / "clubhouse")
