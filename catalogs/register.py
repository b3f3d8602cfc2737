"""The register's front: everything that other packages need of the catalogue, by one name each.

load_city, check_city      a city's folder, read and checked          (catalogs.folder.city)
register_city              folder → database, one transaction          (catalogs.enter)
resource, resources, …     what the database holds                     (catalogs.lookup)
export_city                database → folder                           (catalogs.lookup)
"""

from catalogs.enter import Registered, register_city
from catalogs.folder.city import check_city, load_city
from catalogs.lookup import Listed, city, departments, export_city, listing, resource, resources, units

__all__ = [
    "Listed",
    "Registered",
    "check_city",
    "city",
    "departments",
    "export_city",
    "listing",
    "load_city",
    "register_city",
    "resource",
    "resources",
    "units",
]
