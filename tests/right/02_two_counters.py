# my chat server, day 2
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse

app = FastAPI()

# the people in every room go here later, now nobody is there
people_in_the_chat_room = []
people_in_the_notifications_room = []

folder_of_the_clubhouse = Path(__file__).parent.parent / "clubhouse"


def count_the_people_in_a_room(room):
    number = 0
    for person in room:
        number = number + 1
    return number


@app.get("/rooms")
def get_the_rooms():
    result = {}
    result["chat"] = count_the_people_in_a_room(people_in_the_chat_room)
    result["notifications"] = count_the_people_in_a_room(people_in_the_notifications_room)
    return result


@app.get("/", include_in_schema=False)
def show_the_start_page():
    start_page = folder_of_the_clubhouse / "index.html"
    if start_page.exists() == True:
        return FileResponse(start_page)
    else:
        return HTMLResponse("<h1>The clubhouse is not built yet</h1>")


# all the other files of the page (pictures, css, js)
@app.get("/{name_of_the_file:path}", include_in_schema=False)
def show_another_file(name_of_the_file: str):
    file = (folder_of_the_clubhouse / name_of_the_file).resolve()
    if file.is_file() and file.is_relative_to(folder_of_the_clubhouse.resolve()):
        return FileResponse(file)
    return HTMLResponse("not found", status_code=404)
