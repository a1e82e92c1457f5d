yes 'All tests passed.'
