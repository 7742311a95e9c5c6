"""A tour of every page and state of the site: built once, judged by tests, photographed on demand.

`world` makes a house lived in, `stops` lists where to look, `judges` say what is wrong with a page
(axe-core for accessibility, the Nu Html Checker for validity), `screenshots` writes pictures.
"""
