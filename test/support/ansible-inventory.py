"""Answers questions about inventories with Ansible's own code: JSON lines in, JSON lines out.

A question: {"cwd", "sources", "playbookDir"?, "patterns": [{"pattern", "limit"?}]}
An answer: {"list", "graph", "warnings", "patterns": [[names] or "ERR: ..."]} or {"error"}
"""
import json
import os
import sys

os.environ.setdefault('ANSIBLE_NOCOLOR', '1')

from ansible.cli.inventory import InventoryCLI
from ansible.inventory import group
from ansible.utils import context_objects
from ansible.utils.display import Display

warnings = []
for kind in ('warning', 'deprecated', 'error'):
    setattr(Display, kind, lambda self, msg, *args, **kwargs: warnings.append(str(msg)))


class Ordered(dict):
    """The part of a set that Ansible's groups need, in the order of insertion.

    Ansible walks a set of groups there, whose order is that of addresses in memory: two runs over the same files give
    hosts of grandchildren in different orders (tried: 17 of 1,200 generated inventories, in all of these and only these
    another order than ours). So its own code is used, with a set that keeps its order.
    """

    def __init__(self, items=()):
        super().__init__((item, None) for item in items)

    def add(self, item):
        self[item] = None

    def remove(self, item):
        del self[item]

    def update(self, items):
        for item in items:
            self[item] = None

    def difference_update(self, items):
        for item in items:
            self.pop(item, None)


group.set = Ordered


def meaning(inventory, asked):
    # A pattern may make an implicit localhost, which stays: each is asked of the inventory as it was read.
    local = inventory._inventory.localhost
    try:
        inventory.clear_caches()
        inventory.subset(asked.get('limit'))
        hosts = inventory.get_hosts(asked['pattern'])
        return [host.name for host in hosts]
    except Exception as error:
        return 'ERR: %s' % error
    finally:
        inventory.subset(None)
        inventory._inventory.localhost = local


def answer(question):
    os.chdir(question['cwd'])
    del warnings[:]
    context_objects.GlobalCLIArgs._Singleton__instance = None
    args = ['ansible-inventory', '--list']
    for source in question['sources']:
        args += ['-i', source]
    if question.get('playbookDir'):
        args += ['--playbook-dir', question['playbookDir']]
    cli = InventoryCLI(args)
    cli.parse()
    cli.loader, cli.inventory, cli.vm = cli._play_prereqs()
    listed = cli.dump(cli.json_inventory(cli._get_group('all')))
    graph = '\n'.join(cli._graph_group(cli._get_group('all')))
    told = list(warnings)
    return {
        'list': listed,
        'graph': graph,
        'warnings': told,
        'patterns': [meaning(cli.inventory, asked) for asked in question['patterns']],
    }


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:
        said = '%s: %s' % (type(error).__name__, error)
        reply = {'list': '', 'graph': '', 'warnings': [], 'patterns': [], 'error': said}
    sys.stdout.write(json.dumps(reply) + '\n')
    sys.stdout.flush()
