from platform_main import make_app


def test_the_app_has_its_paths():
    assert {"/entries", "/journals/{name}", "/health"} <= {route.path for route in make_app().routes}
