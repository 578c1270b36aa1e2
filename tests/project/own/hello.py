def test_bo_hears_ada(ada, bo):
    ada.says("hello")
    bo.hears("hello")
