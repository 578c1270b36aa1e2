from fastapi import FastAPI

app = FastAPI()
news: list[str] = []


@app.post("/news")
async def tell(message: str) -> None:
    news.append(message)


@app.get("/news")
async def ask(last_id: int = 0) -> list[str]:
    return news[last_id:]
