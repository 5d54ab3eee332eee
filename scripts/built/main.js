#!/usr/bin/env node
import { engine } from './engine.js'

engine.command()
