"""The export of the whole sample city against the public shapes of DCAT-AP, and what it says of each resource."""

from dataclasses import replace
from pathlib import Path

import pytest

from catalogs.exchange.dcat import catalogue
from catalogs.exchange.gather import gather
from catalogs.exchange.rdf import DCAT, DCTERMS, RDF, Graph, Literal, Namespace, URIRef, serialize
from catalogs.exchange.records import settle
from catalogs.folder.city import load_city
from catalogs.values.model import City, Openness, SharingMode
from infra.ground import sample_city

BASE = "https://data.example.org/"
SH = Namespace("http://www.w3.org/ns/shacl#")


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(sample_city())


@pytest.mark.parametrize("form", ["turtle", "json-ld", "xml"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_done_when_6_the_whole_city_conforms_to_the_shapes_of_dcat_ap(city: City, form: str, shared: Path) -> None:
    from pyshacl import validate

    shapes = shared / "judges" / "dcat-ap-3.0.1-shacl.ttl"
    if not shapes.exists():
        pytest.skip("the shapes are not here")
    graph = Graph().parse(data=serialize(catalogue(city, BASE), form), format=form)
    rules = Graph().parse(shapes)
    # The published file refers to two property shapes of dcat:DataService that it does not define. They say nothing;
    # the judge refuses the whole file for them as soon as there is a service.
    named = set(rules.objects(None, SH.property))
    dangling = {one for one in named if next(rules.predicate_objects(one), None) is None}
    assert len(dangling) == 2
    assert all("#dcat:DataServiceShape/" in str(one) for one in dangling)
    for one in dangling:
        rules.remove((None, SH.property, one))
    assert len(set(rules.objects(None, SH.property))) == len(named) - 2 > 200
    assert len(set(graph.subjects(RDF.type, DCAT.Dataset))) == len(city.resources)
    conforms, _, said = validate(graph, shacl_graph=rules, do_owl_imports=False, advanced=True)
    assert conforms, said
    first = next(iter(graph.subjects(RDF.type, DCAT.Dataset)))
    graph.remove((first, DCTERMS.title, None))
    assert not validate(graph, shacl_graph=rules, do_owl_imports=False, advanced=True)[0]


def test_what_a_dataset_says(city: City) -> None:
    one = replace(
        city.resources[0], openness=Openness.CONDITIONAL, link='https://x.example/"<>', code="306/1",
        sharing_mode=(SharingMode.API,), aliases=("别名",),
    )  # fmt: skip
    graph = catalogue(replace(city, resources=(one,)), BASE)
    node = URIRef(f"{BASE}dataset/{one.id}")
    assert (node, DCTERMS.title, Literal(one.title.zh, lang="zh")) in graph
    assert (node, DCTERMS.title, Literal(one.title.en, lang="en")) in graph
    assert {str(each) for each in graph.objects(node, DCTERMS.identifier)} == {one.id, "306/1"}
    assert str(next(graph.objects(node, DCTERMS.accessRights))).endswith("access-right/RESTRICTED")
    assert len(list(graph.subjects(DCAT.servesDataset, node))) == 1
    assert next(graph.objects(None, DCAT.accessURL)) == node  # a link that is no IRI is not written as one


def test_what_is_exported_is_harvested_again(city: City, tmp_path: Path) -> None:
    path = tmp_path / "out.ttl"
    path.write_bytes(serialize(catalogue(city, BASE), "turtle"))
    found = gather(str(path), None)
    records = settle(found.things, found.read, merges=found.merges).records
    names = {department.id: department.name.zh for department in city.departments}
    assert {(record.title, record.provider, record.update_frequency) for record in records.values()} == {
        (each.title.zh, names[each.provider], str(each.update_frequency)) for each in city.resources
    }
    assert len(records) == len(city.resources)


def test_equal_registers_give_equal_turtle(city: City) -> None:
    assert serialize(catalogue(city, BASE), "turtle") == serialize(catalogue(city, BASE), "turtle")
