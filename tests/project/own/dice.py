def test_the_dice_bot_answers(club):
    dina = club.room("dragons", "Dina")
    dina.says("!dice")
    dina.hears_from("Dice bot")
